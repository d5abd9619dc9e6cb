//! One connection: frames in, answers out in the same order.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use kiln_fhir::{Conversion, ConvertOptions};
use kiln_hl7::{
    AckCode, AckError, ErrorCode, ErrorLocation, HEAD_BYTES, Index, Message, MllpCodec, MllpEvent,
    Path, Severity,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_util::codec::{Encoder, FramedRead};
use tokio_util::sync::CancellationToken;

use super::activity::Watched;
use super::answer::{self, Mode, Outcome};
use super::judge::{Fault, Judged, judge, unidentified};
use super::listener::Shared;
use crate::config::AckWhen;
use crate::record::{Record, header};
use crate::store::{Position, StoreError};

/// A peer that does not take its answers for so long is closed.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a connection ended; the label of `kiln_listen_connections_closed_total`.
type Reason = &'static str;

/// An answer that is due, in its turn.
struct Answer {
    code: Option<AckCode>,
    bytes: Vec<u8>,
    framed_at: Instant,
    kept: Option<Position>,
}

type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// Serves a connection until the peer, a limit or `stop` ends it.
pub(super) async fn serve(
    stream: TcpStream,
    shared: Arc<Shared>,
    stop: CancellationToken,
) -> Reason {
    let settings = &shared.listener;
    let (read, mut write) = stream.into_split();
    let mut frames = FramedRead::new(Watched::new(read), MllpCodec::new(settings.max_frame_bytes));
    let mut answers: FuturesOrdered<Pending> = FuturesOrdered::new();
    let mut index = Index::new();
    let mut conversion = Conversion::new();
    let mut last_frame = Instant::now();
    // Set once no further frame is read; what is in hand is still answered.
    let mut ending: Option<Reason> = None;
    loop {
        if let (Some(reason), true) = (ending, answers.is_empty()) {
            return reason;
        }
        let begun = frames.get_ref().begun;
        let overdue = match begun {
            Some(begun) => begun + settings.frame_timeout,
            None => last_frame + settings.idle_timeout,
        };
        // A message may begin while this waits: look again soon enough to see it end in time.
        let look = overdue.min(Instant::now() + settings.frame_timeout);
        let reading = ending.is_none() && answers.len() < settings.max_in_flight;
        tokio::select! {
            biased;
            Some(answer) = answers.next(), if !answers.is_empty() => {
                if let Some(position) = answer.kept {
                    shared.progress.appended(position);
                }
                if let Err(reason) = send(&mut write, answer, &shared).await {
                    // The rest is kept whether the peer hears of it or not.
                    while let Some(answer) = answers.next().await {
                        if let Some(position) = answer.kept {
                            shared.progress.appended(position);
                        }
                    }
                    return reason;
                }
            }
            () = stop.cancelled(), if ending.is_none() => ending = Some("stopping"),
            event = frames.next(), if reading => {
                let now = Instant::now();
                frames.get_mut().begun = (!frames.read_buffer().is_empty()).then_some(now);
                match event {
                    None => ending = Some("peer"),
                    Some(Err(_)) => ending = Some("broken"),
                    Some(Ok(MllpEvent::Frame(bytes))) => {
                        last_frame = now;
                        answers.push_back(accept(bytes, &shared, &mut index, &mut conversion).await);
                    }
                    // Release 2 of MLLP alone has these, and a listener does not speak it.
                    Some(Ok(MllpEvent::Commit(_))) => {}
                    Some(Ok(MllpEvent::Garbage { bytes })) => {
                        shared.metrics.garbage_bytes.inc_by(bytes as u64);
                    }
                    Some(Ok(MllpEvent::Oversized { head, bytes })) => {
                        last_frame = now;
                        answers.push_back(oversized(&head, bytes, &shared, &mut index));
                    }
                    Some(Ok(MllpEvent::Truncated { head, bytes })) => {
                        keep_partial(head, "truncated", format!("cut off after {bytes} bytes"), &shared, &mut index).await;
                    }
                }
            }
            () = tokio::time::sleep_until(look), if ending.is_none() && reading => {
                let now = Instant::now();
                match frames.get_ref().begun {
                    Some(begun) if now >= begun + settings.frame_timeout => {
                        let partial = frames.read_buffer();
                        let head = partial.strip_prefix(b"\x0b").unwrap_or(partial);
                        let head = Bytes::copy_from_slice(&head[..head.len().min(HEAD_BYTES)]);
                        keep_partial(head, "frame-timeout", "the message did not end in time".to_owned(), &shared, &mut index).await;
                        ending = Some("frame-timeout");
                    }
                    None if now >= last_frame + settings.idle_timeout => ending = Some("idle"),
                    _ => {}
                }
            }
        }
    }
}

async fn send(
    write: &mut tokio::net::tcp::OwnedWriteHalf,
    answer: Answer,
    shared: &Shared,
) -> Result<(), Reason> {
    let Some(code) = answer.code else {
        return Ok(());
    };
    let mut frame = bytes::BytesMut::new();
    if MllpCodec::new(shared.listener.max_frame_bytes)
        .encode(answer.bytes.as_slice(), &mut frame)
        .is_err()
    {
        return Err("broken");
    }
    match timeout(WRITE_TIMEOUT, write.write_all(&frame)).await {
        Ok(Ok(())) => {
            shared
                .metrics
                .acknowledged
                .with_label_values(&[answer::name(code)])
                .inc();
            shared
                .metrics
                .ack_seconds
                .observe(answer.framed_at.elapsed().as_secs_f64());
            Ok(())
        }
        Ok(Err(_)) => Err("broken"),
        Err(_) => Err("not-reading"),
    }
}

/// Judges a frame, queues it for the store, and returns its answer to come.
async fn accept(
    bytes: Bytes,
    shared: &Arc<Shared>,
    index: &mut Index,
    conversion: &mut Conversion,
) -> Pending {
    let framed_at = Instant::now();
    let mut judged = judge(&bytes, index, &shared.listener, now_ms());
    if judged.fault.is_none() && shared.listener.ack_when == AckWhen::Mapped {
        judged.fault = try_mapping(&bytes, shared, index, conversion);
    }
    if let Some(fault) = judged.fault.take() {
        return refuse(judged, fault, shared, framed_at);
    }
    let Judged {
        record,
        message_type,
        mode,
        ..
    } = judged;
    let deadline = framed_at + shared.listener.confirm_timeout;
    let queued = tokio::time::timeout_at(deadline, shared.store.append(record)).await;
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let outcome = match queued {
            Ok(Ok(receipt)) => tokio::time::timeout_at(deadline, receipt).await,
            Ok(Err(error)) => Ok(Err(error)),
            Err(elapsed) => Err(elapsed),
        };
        match outcome {
            Ok(Ok(position)) => {
                shared.metrics.received(&message_type);
                let code = mode.code(Outcome::Accept);
                let bytes = code
                    .map(|code| reply(code, None, &bytes))
                    .unwrap_or_default();
                Answer {
                    code,
                    bytes,
                    framed_at,
                    kept: Some(position),
                }
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "a message could not be kept");
                not_kept("store-fault", mode, &bytes, framed_at, &shared)
            }
            Err(_) => {
                tracing::warn!("the store did not confirm in time");
                not_kept("store-timeout", mode, &bytes, framed_at, &shared)
            }
        }
    })
}

/// The sender keeps the message and sends it again.
fn not_kept(
    reason: &'static str,
    mode: Mode,
    bytes: &Bytes,
    framed_at: Instant,
    shared: &Shared,
) -> Answer {
    shared.metrics.refused.with_label_values(&[reason]).inc();
    let fault = Fault {
        reason,
        field: None,
        place: String::new(),
        detail: "not stored now, send it again".to_owned(),
        code: ErrorCode::ApplicationInternal,
        outcome: Outcome::Error,
    };
    let code = mode.code(Outcome::Error);
    let bytes = code
        .map(|code| reply(code, Some(&fault), bytes))
        .unwrap_or_default();
    Answer {
        code,
        bytes,
        framed_at,
        kept: None,
    }
}

/// Keeps the message as a dead letter, then says no.
fn refuse(judged: Judged, fault: Fault, shared: &Arc<Shared>, framed_at: Instant) -> Pending {
    let Judged { record, mode, .. } = judged;
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let bytes = record.value.clone();
        if keep_dead(record, &fault, &shared).await.is_err() {
            return not_kept("store-fault", mode, &bytes, framed_at, &shared);
        }
        shared
            .metrics
            .refused
            .with_label_values(&[fault.reason])
            .inc();
        let code = mode.code(fault.outcome);
        let bytes = code
            .map(|code| reply(code, Some(&fault), &bytes))
            .unwrap_or_default();
        Answer {
            code,
            bytes,
            framed_at,
            kept: None,
        }
    })
}

fn oversized(head: &Bytes, bytes: usize, shared: &Arc<Shared>, index: &mut Index) -> Pending {
    let mut judged = judge(head, index, &shared.listener, now_ms());
    if judged
        .fault
        .as_ref()
        .is_some_and(|fault| fault.field.is_none())
    {
        // What was cut off may hide the fault that the head shows; the size is what is wrong.
        judged.fault = None;
    }
    let fault = Fault {
        reason: "too-long",
        field: None,
        place: String::new(),
        detail: format!(
            "{bytes} bytes, the limit is {}",
            shared.listener.max_frame_bytes
        ),
        code: ErrorCode::ApplicationInternal,
        outcome: Outcome::Reject,
    };
    refuse(judged, fault, shared, Instant::now())
}

/// Keeps what came of a message that has no end; nobody waits for an answer.
async fn keep_partial(
    head: Bytes,
    reason: &'static str,
    detail: String,
    shared: &Arc<Shared>,
    index: &mut Index,
) {
    let mut record = judge(&head, index, &shared.listener, now_ms()).record;
    if record.value.is_empty() {
        record = unidentified(&shared.listener, now_ms());
    }
    let fault = Fault {
        reason,
        field: None,
        place: format!("byte {}", head.len()),
        detail,
        code: ErrorCode::SegmentSequence,
        outcome: Outcome::Reject,
    };
    shared.metrics.refused.with_label_values(&[reason]).inc();
    if let Err(error) = keep_dead(record, &fault, shared).await {
        tracing::warn!(%error, "a cut-off message could not be kept");
    }
}

async fn keep_dead(mut record: Record, fault: &Fault, shared: &Shared) -> Result<(), StoreError> {
    record.headers.push(header::REASON, fault.reason);
    record.headers.push(header::PLACE, &fault.place);
    record.headers.push(header::DETAIL, &fault.detail);
    let kept = timeout(
        shared.listener.confirm_timeout,
        shared.store.keep_dead(record),
    )
    .await;
    kept.unwrap_or(Err(StoreError::Closed))
}

/// `ackWhen: mapped`: the mapping is tried before the message is kept.
fn try_mapping(
    bytes: &[u8],
    shared: &Shared,
    index: &mut Index,
    conversion: &mut Conversion,
) -> Option<Fault> {
    let message = Message::parse(bytes, index).ok()?;
    let options = ConvertOptions {
        default_offset: shared.default_offset,
        ..ConvertOptions::default()
    };
    let error = crate::transform::convert(&shared.mapper, &message, options, conversion).err()?;
    Some(Fault {
        reason: error.reason,
        field: None,
        place: error.place,
        detail: error.detail,
        code: ErrorCode::UnsupportedMessageType,
        outcome: Outcome::Error,
    })
}

/// The bytes of an answer.
fn reply(code: AckCode, fault: Option<&Fault>, bytes: &[u8]) -> Vec<u8> {
    let errors: Vec<AckError<'_>> = fault
        .map(|fault| AckError {
            location: fault
                .field
                .and_then(|field| format!("MSH-{field}").parse::<Path>().ok())
                .map(ErrorLocation::from),
            code: fault.code,
            severity: Severity::Error,
            text: &fault.detail,
        })
        .into_iter()
        .collect();
    let mut index = Index::new();
    let message = Message::parse(bytes, &mut index).ok();
    answer::write(code, &errors, message.as_ref(), bytes)
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
