//! One frame: judged, given room, kept durably, and then answered.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use kiln_fhir::{Conversion, ConvertOptions};
use kiln_hl7::{AckCode, ErrorCode};
use tokio::time::{Instant, timeout, timeout_at};

use super::answer::{self, Mode, Outcome, SEND_AGAIN, Verdict};
use super::connection::Peer;
use super::judge::{Fault, Judged, judge, read, unidentified};
use super::listener::Shared;
use super::numbered;
use super::room::InFlight;
use crate::audit::{self, Deed, Event};
use crate::config::AckWhen;
use crate::record::{Record, header};
use crate::spans::{MessageSpan, trace_id};
use crate::store::{Output, Position, Receipt, StoreError, Target};

/// What is due to the sender of a frame, in its turn.
pub(super) struct Answer {
    /// The acknowledgments, in order; none when none is wanted.
    pub(super) messages: Vec<(AckCode, Vec<u8>)>,
    pub(super) framed_at: Instant,
    /// Where the message lies, if it was kept.
    pub(super) kept: Option<Position>,
    /// Length of the frame.
    pub(super) bytes: usize,
}

/// An answer to come, once the store has confirmed or its time is up.
pub(super) type Pending = Pin<Box<dyn Future<Output = Answer> + Send>>;
/// A frame on its way into the store: one at a time, so that the store has them in the order they came.
pub(super) type Queueing = Pin<Box<dyn Future<Output = Pending> + Send>>;

thread_local! {
    static CONVERSION: RefCell<Conversion> = RefCell::new(Conversion::new());
}

/// Takes a whole frame.
pub(super) fn take(bytes: &Bytes, shared: &Arc<Shared>, peer: &Peer) -> Queueing {
    let framed_at = Instant::now();
    let mut judged = judge(bytes, shared.origin(peer.feed.as_deref()), now_ms());
    let span = shared.tracer.receive(&judged.record);
    if let Some(traceparent) = span.traceparent() {
        judged.record.headers.push(header::TRACEPARENT, traceparent);
    }
    let reason = judged.fault.as_ref().map(|fault| fault.reason);
    let queueing = match &peer.numbers {
        None => accept(judged, shared, framed_at, None),
        Some(numbers) => numbered::take(judged, numbers, shared, framed_at),
    };
    if span.is_recording() {
        traced(queueing, span, reason)
    } else {
        queueing
    }
}

/// The span ends with the answer, and tells of it.
#[allow(clippy::async_yields_async)] // as what it wraps
fn traced(queueing: Queueing, mut span: MessageSpan, reason: Option<&'static str>) -> Queueing {
    Box::pin(async move {
        let pending = queueing.await;
        let pending: Pending = Box::pin(async move {
            let answer = pending.await;
            for (code, _) in &answer.messages {
                span.tell("kiln.acknowledgment", format!("{code:?}"));
            }
            match answer.kept {
                Some(position) => span.tell("kiln.position", position.to_string()),
                None => span.fail(reason.unwrap_or("not-kept")),
            }
            answer
        });
        pending
    })
}

/// Keeps a frame, or refuses it; `number` is told in the answer to what was kept.
pub(super) fn accept(
    judged: Judged,
    shared: &Arc<Shared>,
    framed_at: Instant,
    number: Option<i64>,
) -> Queueing {
    let Judged {
        record,
        message_type,
        mode,
        fault,
    } = judged;
    if let Some(fault) = fault {
        return refuse(record, mode, fault, shared, framed_at);
    }
    let unmapped = match shared.listener.ack_when {
        AckWhen::Stored => None,
        AckWhen::Mapped => try_mapping(&record.value, shared),
    };
    match (mode, unmapped) {
        // One answer only, and it is no: the message stays the sender's.
        (Mode::Original, Some(fault)) => refuse(record, mode, fault, shared, framed_at),
        (mode, unmapped) => keep(
            record,
            message_type,
            mode,
            unmapped,
            shared,
            framed_at,
            number,
        ),
    }
}

/// By what the log knows a message.
struct Told {
    feed: String,
    control_id: String,
    trace_id: Option<String>,
}

impl Told {
    fn of(record: &Record) -> Told {
        Told {
            feed: record.key.clone(),
            control_id: record.header(header::CONTROL_ID).to_owned(),
            trace_id: trace_id(record).map(str::to_owned),
        }
    }
}

/// Appends a message; in enhanced mode also one that cannot be mapped, which the second answer says.
#[allow(clippy::async_yields_async)] // waits until it is queued, and then, beside others, until it is durable
fn keep(
    record: Record,
    message_type: String,
    mode: Mode,
    unmapped: Option<Fault>,
    shared: &Arc<Shared>,
    framed_at: Instant,
    number: Option<i64>,
) -> Queueing {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let deadline = framed_at + shared.listener.confirm_timeout;
        let bytes = record.value.clone();
        let told = Told::of(&record);
        let queueing = async {
            let (here, all) = (&shared.in_flight, &shared.room.in_flight);
            let room = InFlight::wait(&record, here, all, &shared.metrics).await;
            let handed_over = Instant::now();
            let receipt = shared.store.append(record).await?;
            Ok::<(InFlight, Receipt, Instant), StoreError>((room, receipt, handed_over))
        };
        let queued = timeout_at(deadline, queueing).await;
        let pending: Pending = Box::pin(async move {
            let kept = match queued {
                Ok(Ok((_room, receipt, handed_over))) => {
                    let kept = timeout_at(deadline, receipt).await;
                    if let Ok(Ok(_)) = kept {
                        let seconds = handed_over.elapsed().as_secs_f64();
                        shared.metrics.store_seconds.observe(seconds);
                    }
                    kept
                }
                Ok(Err(error)) => Ok(Err(error)),
                Err(elapsed) => Err(elapsed),
            };
            match kept {
                Ok(Ok(position)) => {
                    shared.metrics.received(&message_type, bytes.len());
                    let verdict = Verdict {
                        applied: unmapped
                            .as_ref()
                            .map_or(Outcome::Accept, |fault| fault.outcome),
                        ..Verdict::ACCEPTED
                    };
                    Answer {
                        messages: answer::write(mode, verdict, unmapped.as_ref(), &bytes, number),
                        framed_at,
                        kept: Some(position),
                        bytes: bytes.len(),
                    }
                }
                Ok(Err(error)) => {
                    let Told {
                        feed,
                        control_id,
                        trace_id,
                    } = &told;
                    tracing::warn!(%error, feed, control_id, trace_id, "a message could not be kept");
                    not_kept("store-fault", mode, &bytes, framed_at, &shared)
                }
                Err(_) => {
                    let Told {
                        feed,
                        control_id,
                        trace_id,
                    } = &told;
                    tracing::warn!(
                        feed,
                        control_id,
                        trace_id,
                        "the store did not confirm in time"
                    );
                    not_kept("store-timeout", mode, &bytes, framed_at, &shared)
                }
            }
        });
        pending
    })
}

/// The sender keeps the message and sends it again.
pub(super) fn not_kept(
    reason: &'static str,
    mode: Mode,
    bytes: &Bytes,
    framed_at: Instant,
    shared: &Shared,
) -> Answer {
    shared.metrics.refused(reason);
    let fault = Fault {
        reason,
        field: None,
        place: String::new(),
        detail: "not stored now, send it again".to_owned(),
        code: SEND_AGAIN,
        outcome: Outcome::Error,
    };
    let verdict = Verdict::refused(Outcome::Error);
    Answer {
        messages: answer::write(mode, verdict, Some(&fault), bytes, None),
        framed_at,
        kept: None,
        bytes: bytes.len(),
    }
}

/// Keeps the message as a dead letter, then says no.
#[allow(clippy::async_yields_async)] // as above
fn refuse(
    record: Record,
    mode: Mode,
    fault: Fault,
    shared: &Arc<Shared>,
    framed_at: Instant,
) -> Queueing {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let deadline = framed_at + shared.listener.confirm_timeout;
        let (here, all) = (&shared.in_flight, &shared.room.in_flight);
        let waiting = InFlight::wait(&record, here, all, &shared.metrics);
        let room = timeout_at(deadline, waiting).await;
        let pending: Pending = Box::pin(async move {
            let bytes = record.value.clone();
            let kept = match room {
                Ok(_room) => keep_dead(record, &fault, &shared).await,
                Err(_) => Err(StoreError::Closed),
            };
            if kept.is_err() {
                return not_kept("store-fault", mode, &bytes, framed_at, &shared);
            }
            shared.metrics.refused(fault.reason);
            let verdict = Verdict::refused(fault.outcome);
            Answer {
                messages: answer::write(mode, verdict, Some(&fault), &bytes, None),
                framed_at,
                kept: None,
                bytes: bytes.len(),
            }
        });
        pending
    })
}

/// Refuses a frame over the limit, of which the head is left.
pub(super) fn oversized(
    head: &Bytes,
    bytes: usize,
    shared: &Arc<Shared>,
    feed: Option<&str>,
) -> Queueing {
    let Judged {
        mut record, mode, ..
    } = judge(head, shared.origin(feed), now_ms());
    record.headers.push(header::CUT, "true");
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
    refuse(record, mode, fault, shared, Instant::now())
}

/// Keeps what came of a message that has no end; nobody waits for an answer.
pub(super) fn keep_partial(
    head: &Bytes,
    reason: &'static str,
    detail: String,
    shared: &Arc<Shared>,
    feed: Option<&str>,
) -> Queueing {
    let mut record = judge(head, shared.origin(feed), now_ms()).record;
    if record.value.is_empty() {
        record = unidentified(shared.origin(feed), now_ms());
    }
    record.headers.push(header::CUT, "true");
    let fault = Fault {
        reason,
        field: None,
        place: format!("byte {}", head.len()),
        detail,
        code: ErrorCode::SegmentSequence,
        outcome: Outcome::Reject,
    };
    refuse(record, Mode::SILENT, fault, shared, Instant::now())
}

/// Keeps a dead letter, and the audit event of the refusal with it.
async fn keep_dead(mut record: Record, fault: &Fault, shared: &Shared) -> Result<(), StoreError> {
    let now = jiff::Timestamp::now();
    let event = Event {
        outcome: audit::Outcome::Failure,
        explained: Some(&fault.detail),
        ..Event::new(Deed::Refusal, now, record.header(header::SENDER))
    };
    let mut event = event.about(&record);
    event.details.push((header::REASON, fault.reason));
    event.details.push((header::PLACE, &fault.place));
    let event = event.record(&record.key);
    record.headers.push(header::REASON, fault.reason);
    record.headers.push(header::PLACE, &fault.place);
    record.headers.push(header::DETAIL, &fault.detail);
    let outputs = [(Target::Dead, record), (Target::Audit, event)].map(|(target, record)| Output {
        target,
        feed: record.key.clone(),
        record,
    });
    let kept = timeout(
        shared.listener.confirm_timeout,
        shared.store.keep(outputs.into()),
    )
    .await;
    kept.unwrap_or(Err(StoreError::Closed))
}

/// `ackWhen: mapped`: the mapping is tried before the message is kept.
fn try_mapping(bytes: &[u8], shared: &Shared) -> Option<Fault> {
    let options = ConvertOptions {
        default_offset: shared.default_offset,
        ..ConvertOptions::default()
    };
    let error = read(bytes, |message| {
        let message = message.ok()?;
        CONVERSION.with_borrow_mut(|conversion| {
            crate::transform::convert(&shared.mapping.mapper(), message, options, conversion).err()
        })
    })?;
    Some(Fault {
        reason: error.reason,
        field: None,
        place: error.place,
        detail: error.detail,
        code: ErrorCode::UnsupportedMessageType,
        outcome: Outcome::Error,
    })
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
