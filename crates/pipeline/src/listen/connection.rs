//! One connection: frames in, answers out in the same order.
//!
//! ```text
//!            leave                between messages
//!  Serving ─────────▶ Leaving ───────────────────────▶ Ending ──▶ closed
//!     │                  │ not within drainSeconds        ▲  what is in hand is answered first
//!     └──────────────────┴────────────────────────────────┘
//!       the peer ends, or a limit is reached
//! ```

use std::io;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use kiln_hl7::{MllpCodec, MllpEvent};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::{Decoder, Encoder};

use super::closed::Closed;
use super::connections::Presence;
use super::listener::Shared;
use super::numbered::Numbers;
use super::room::Receiving;
use super::stream::Stream;
use super::take::{Answer, Pending, Queueing, keep_partial, oversized, take};
use super::tls::{Fault, Standing};

/// Most bytes taken from the socket at once, and most that a connection holds of a message that has not ended before it
/// needs a part of the room for such. A connection without a message in hand has no buffer at all.
const READ_BYTES: usize = 16 * 1024;

struct Connection {
    shared: Arc<Shared>,
    presence: Presence,
    stream: Stream,
    peer: Peer,
    codec: MllpCodec,
    buffer: BytesMut,
    receiving: Receiving,
    /// The frame on its way into the store.
    queueing: Option<Queueing>,
    /// Answers to come, in the order of the frames.
    answers: FuturesOrdered<Pending>,
    /// Bytes of the frames that have no answer yet.
    in_flight_bytes: usize,
    /// When the frame that is being received began.
    begun: Option<Instant>,
    /// When the last frame ended.
    last_frame: Instant,
    /// Set when it was asked to leave: by when it leaves at the latest.
    leave_by: Option<Instant>,
    /// Set once no further frame is read; what is in hand is still answered.
    ending: Option<Closed>,
}

/// Who is at the other end.
pub(super) struct Peer {
    /// Whether its certificate is still accepted; none in the clear.
    pub(super) standing: Option<Standing>,
    /// The feed of its messages; none: sending application and facility of each.
    pub(super) feed: Option<String>,
    /// Where it stands, of a feed that numbers its messages.
    pub(super) numbers: Option<Arc<Numbers>>,
}

/// Serves a connection until the peer, a limit or a request to leave ends it.
pub(super) async fn serve(
    stream: Stream,
    peer: Peer,
    shared: Arc<Shared>,
    presence: Presence,
) -> Closed {
    let receiving = Receiving::new(
        Arc::clone(&shared.room.receiving),
        shared.metrics.receiving_bytes.clone(),
    );
    let connection = Connection {
        codec: MllpCodec::new(shared.listener.max_frame_bytes),
        shared,
        presence,
        stream,
        peer,
        buffer: BytesMut::new(),
        receiving,
        queueing: None,
        answers: FuturesOrdered::new(),
        in_flight_bytes: 0,
        begun: None,
        last_frame: Instant::now(),
        leave_by: None,
        ending: None,
    };
    connection.run().await
}

impl Connection {
    async fn run(mut self) -> Closed {
        let mut was_reading = true;
        loop {
            self.decode();
            let reading = self.ending.is_none() && self.has_room();
            if reading && !was_reading {
                // The peer is not to blame for the time in which nothing was read.
                self.begun = self.begun.map(|_| Instant::now());
                self.last_frame = Instant::now();
            }
            was_reading = reading;
            if self.queueing.is_none() && self.answers.is_empty() {
                if let Some(reason) = self.ending {
                    self.close(reason).await;
                    return reason;
                }
                if self.leave_by.is_some() && self.is_between_messages() && !self.stream.has_more()
                {
                    self.ending = Some(self.presence.left());
                    continue;
                }
            }
            let settings = &self.shared.listener;
            let overdue = match self.begun {
                Some(begun) => begun + settings.frame_timeout,
                None => self.last_frame + settings.idle_timeout,
            };
            let leave_by = self.leave_by.unwrap_or(overdue);
            tokio::select! {
                biased;
                Some(answer) = self.answers.next(), if !self.answers.is_empty() => {
                    if let Err(reason) = self.send(answer).await {
                        // The rest is kept whether the peer hears of it or not.
                        while let Some(answer) = self.answers.next().await {
                            self.kept(&answer);
                        }
                        return reason;
                    }
                }
                pending = queued(&mut self.queueing), if self.queueing.is_some() => {
                    self.queueing = None;
                    self.answers.push_back(pending);
                }
                () = self.presence.leave().cancelled(), if self.leave_by.is_none() && self.ending.is_none() => {
                    self.leave_by = Some(Instant::now() + self.shared.drain);
                }
                fault = lost(&mut self.peer.standing), if self.ending.is_none() => {
                    // What is in hand was accepted while it still stood.
                    self.ending = Some(Closed::Tls(fault));
                }
                came = more(&mut self.stream, &mut self.buffer, &mut self.receiving), if reading => self.came(came),
                () = sleep_until(overdue), if reading => self.overdue(),
                () = sleep_until(leave_by), if self.leave_by.is_some() && self.ending.is_none() => {
                    self.ending = Some(Closed::LeaveTimeout);
                }
            }
        }
    }

    /// Whether another frame may be taken.
    fn has_room(&self) -> bool {
        let settings = &self.shared.listener;
        let most = match self.peer.numbers {
            None => settings.max_in_flight,
            Some(_) => 1,
        };
        self.queueing.is_none()
            && self.answers.len() < most
            && self.in_flight_bytes < settings.max_in_flight_bytes
    }

    fn is_between_messages(&self) -> bool {
        self.buffer.is_empty() && !self.codec.is_within_frame()
    }

    /// Takes the frames that have come, as far as there is room.
    fn decode(&mut self) {
        while self.ending.is_none() && self.has_room() {
            // The codec never fails: what is wrong is an event.
            let Ok(Some(event)) = self.codec.decode(&mut self.buffer) else {
                if self.codec.is_within_frame() {
                    self.begun.get_or_insert_with(Instant::now);
                } else {
                    self.begun = None;
                }
                break;
            };
            self.happened(event);
        }
        self.receiving.shrink(covered(&self.buffer));
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
    }

    fn happened(&mut self, event: MllpEvent) {
        let (shared, feed) = (&self.shared, self.peer.feed.as_deref());
        let taken = match event {
            MllpEvent::Frame(bytes) => {
                self.in_flight_bytes += bytes.len();
                take(&bytes, shared, &self.peer)
            }
            MllpEvent::Oversized { head, bytes } => {
                self.in_flight_bytes += head.len();
                oversized(&head, bytes, shared, feed)
            }
            MllpEvent::Truncated { head, bytes } => {
                self.in_flight_bytes += head.len();
                let detail = format!("cut off after {bytes} bytes");
                keep_partial(&head, "truncated", detail, shared, feed)
            }
            MllpEvent::Garbage { bytes } => {
                shared.metrics.garbage_bytes.inc_by(bytes as u64);
                return;
            }
            // Only of a codec that speaks release 2.
            MllpEvent::Commit(_) => return,
        };
        self.queueing = Some(taken);
        self.begun = None;
        self.last_frame = Instant::now();
    }

    /// Bytes came, or the stream's end, or a failure.
    fn came(&mut self, came: io::Result<usize>) {
        match came {
            Ok(bytes) if bytes > 0 => return,
            Ok(_) => self.ending = Some(Closed::Peer),
            Err(error) => self.ending = Some(Closed::of(&error)),
        }
        // All that was whole has been taken before: one event is left at most.
        if let Ok(Some(event)) = self.codec.decode_eof(&mut self.buffer) {
            self.happened(event);
        }
    }

    fn overdue(&mut self) {
        if self.begun.is_none() {
            self.ending = Some(Closed::Idle);
            return;
        }
        let (reason, closed) = if self.receiving.waiting {
            ("no-room", Closed::NoRoom)
        } else {
            ("frame-timeout", Closed::FrameTimeout)
        };
        // What the codec would say at the end of the stream has the message's head.
        let head = match self.codec.decode_eof(&mut self.buffer) {
            Ok(Some(MllpEvent::Truncated { head, .. } | MllpEvent::Oversized { head, .. })) => head,
            _ => Bytes::new(),
        };
        self.in_flight_bytes += head.len();
        let detail = "the message did not end in time".to_owned();
        let feed = self.peer.feed.as_deref();
        self.queueing = Some(keep_partial(&head, reason, detail, &self.shared, feed));
        self.ending = Some(closed);
    }

    fn kept(&mut self, answer: &Answer) {
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(answer.bytes);
        if let Some(position) = answer.kept {
            let lane = self.shared.listener.lane;
            self.shared.progress.appended(lane, position);
        }
    }

    async fn send(&mut self, answer: Answer) -> Result<(), Closed> {
        self.kept(&answer);
        if answer.messages.is_empty() {
            return Ok(());
        }
        let mut frames = BytesMut::new();
        for (_, message) in &answer.messages {
            // Encoding never fails.
            let _ = self.codec.encode(message.as_slice(), &mut frames);
        }
        let within = self.shared.listener.write_timeout;
        match timeout(within, self.stream.write_all(&frames)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(Closed::of(&error)),
            Err(_) => return Err(Closed::NotReading),
        }
        self.shared.metrics.answered(
            answer.messages.iter().map(|(code, _)| *code),
            answer.framed_at.elapsed().as_secs_f64(),
        );
        Ok(())
    }

    /// Ends the stream, in order where the peer can still hear it.
    async fn close(self, reason: Closed) {
        if !matches!(
            reason,
            Closed::Reset | Closed::HalfOpen | Closed::Broken | Closed::NotReading
        ) {
            self.stream.end().await;
        }
    }
}

/// The queueing frame's answer to come.
async fn queued(queueing: &mut Option<Queueing>) -> Pending {
    match queueing {
        Some(queueing) => queueing.await,
        None => std::future::pending().await,
    }
}

/// That the peer's certificate is no longer accepted; never of a peer in the clear.
async fn lost(standing: &mut Option<Standing>) -> Fault {
    match standing {
        Some(standing) => standing.lost().await,
        None => std::future::pending().await,
    }
}

/// Waits for bytes; 0 at the end of the stream. Nothing is lost when it is given up.
async fn more(
    stream: &mut Stream,
    buffer: &mut BytesMut,
    receiving: &mut Receiving,
) -> io::Result<usize> {
    receiving.grow(covered(buffer)).await;
    loop {
        stream.readable().await?;
        let most = match READ_BYTES.saturating_sub(buffer.len()) {
            0 => READ_BYTES,
            free => free,
        };
        if let Some(bytes) = stream.try_read(buffer, most)? {
            return Ok(bytes);
        }
        if buffer.is_empty() {
            // Part of a TLS record: nothing of a message yet.
            *buffer = BytesMut::new();
        }
    }
}

/// How much of a buffer is to have its room: all of it, once it is longer than every connection may have.
fn covered(buffer: &BytesMut) -> usize {
    if buffer.len() < READ_BYTES {
        0
    } else {
        buffer.len()
    }
}
