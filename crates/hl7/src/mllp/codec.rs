use std::{fmt, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use memchr::{memchr, memchr2};
use tokio_util::codec::{Decoder, Encoder};

use crate::mllp::commit::Commit;
use crate::mllp::event::{GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpEvent};
use crate::mllp::statistics::FrameStatistics;

/// 0x0B begins a frame, 0x1C 0x0D ends it.
pub(super) const BEGIN: u8 = 0x0B;
const END: u8 = 0x1C;
pub(super) const RETURN: u8 = 0x0D;

/// What must follow a [`BEGIN`] inside a frame for it to begin another one: a sender gave up and started again. Alone
/// it is a vertical tab, pasted into a note.
const RESTART: &[u8] = b"\x0bMSH";

/// Cuts a byte stream into frames, and wraps payloads into frames.
///
/// ```text
///             0x0B                       0x1C (0x0D)
///  Between ─────────▶ Frame ─────────────────────────▶ Between
///                       │ more than the limit           ▲
///                       └──────────▶ Oversized ─────────┘ 0x1C (0x0D)
/// ```
///
/// Each byte is looked at once. A missing 0x0D after 0x1C is tolerated. It never fails: what is wrong is an event, and
/// the next 0x0B, or 0x0B `MSH` within a frame, is where it finds its way again.
pub struct MllpCodec {
    max_frame_bytes: usize,
    release_2: bool,
    state: State,
    statistics: FrameStatistics,
}

enum State {
    Between {
        /// A frame just ended, its 0x0D may still come.
        after_end: bool,
        garbage: usize,
    },
    Frame {
        /// How much of the buffer is known to hold no end.
        scanned: usize,
    },
    Oversized {
        head: BytesMut,
        bytes: usize,
    },
}

/// Where a frame's payload stops in the buffer.
pub(super) enum Stop {
    End(usize),
    Restart(usize),
    /// Not yet; up to here there is none.
    NotBefore(usize),
}

impl MllpCodec {
    /// A codec for frames of at most `max_frame_bytes` of payload.
    pub fn new(max_frame_bytes: usize) -> Self {
        Self {
            max_frame_bytes,
            release_2: false,
            state: State::Between {
                after_end: false,
                garbage: 0,
            },
            statistics: FrameStatistics::default(),
        }
    }

    /// The same codec speaking release 2 of the protocol: a frame of nothing but 0x06 or 0x15 is a
    /// [commit acknowledgment](MllpEvent::Commit). In release 1 it is a frame like any other.
    pub fn release_2(self) -> Self {
        Self {
            release_2: true,
            ..self
        }
    }

    /// Whether a frame has begun that has not ended.
    pub fn is_within_frame(&self) -> bool {
        !matches!(self.state, State::Between { .. })
    }

    /// What came so far.
    pub fn statistics(&self) -> &FrameStatistics {
        &self.statistics
    }
}

/// Without content, for logs.
impl fmt::Debug for MllpCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MllpCodec")
            .field("max_frame_bytes", &self.max_frame_bytes)
            .finish_non_exhaustive()
    }
}

impl Decoder for MllpCodec {
    type Item = MllpEvent;
    type Error = io::Error;

    fn decode(&mut self, source: &mut BytesMut) -> Result<Option<MllpEvent>, io::Error> {
        let event = self.next_event(source);
        self.statistics.count(event.as_ref());
        Ok(event)
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<MllpEvent>, io::Error> {
        let event = self.next_event(source).or_else(|| self.last_event(source));
        self.statistics.count(event.as_ref());
        Ok(event)
    }
}

impl MllpCodec {
    fn next_event(&mut self, source: &mut BytesMut) -> Option<MllpEvent> {
        loop {
            match &mut self.state {
                State::Between { after_end, garbage } => {
                    if source.is_empty() {
                        return None;
                    }
                    if std::mem::take(after_end) {
                        if source[0] == RETURN {
                            source.advance(1);
                            self.statistics.framing_bytes += 1;
                        } else {
                            self.statistics.missing_returns += 1;
                        }
                    }
                    let room = GARBAGE_REPORT_BYTES - *garbage;
                    let window = &source[..source.len().min(room)];
                    let begin = memchr(BEGIN, window);
                    let skipped = begin.unwrap_or(window.len());
                    let bytes = *garbage + skipped;
                    source.advance(skipped);
                    if begin.is_some() {
                        source.advance(1);
                        self.statistics.framing_bytes += 1;
                        self.state = State::Frame { scanned: 0 };
                    } else if bytes < GARBAGE_REPORT_BYTES {
                        *garbage = bytes;
                        return None;
                    } else {
                        *garbage = 0;
                    }
                    if bytes > 0 {
                        return Some(MllpEvent::Garbage { bytes });
                    }
                }
                State::Frame { scanned } => match stop(source, *scanned) {
                    Stop::End(at) => {
                        let payload = source.split_to(at).freeze();
                        source.advance(1);
                        self.end_frame(true);
                        return Some(self.ended(payload));
                    }
                    Stop::Restart(at) => {
                        let event = if at <= self.max_frame_bytes {
                            MllpEvent::Truncated {
                                head: head(&source[..at]),
                                bytes: at,
                            }
                        } else {
                            MllpEvent::Oversized {
                                head: head(&source[..at]),
                                bytes: at,
                            }
                        };
                        source.advance(at);
                        self.end_frame(false);
                        return Some(event);
                    }
                    Stop::NotBefore(at) if at > self.max_frame_bytes => {
                        let mut head = BytesMut::new();
                        keep(&mut head, &source[..at]);
                        source.advance(at);
                        self.state = State::Oversized { head, bytes: at };
                    }
                    Stop::NotBefore(at) => {
                        *scanned = at;
                        return None;
                    }
                },
                State::Oversized { head, bytes } => {
                    let stop = stop(source, 0);
                    let (Stop::End(at) | Stop::Restart(at) | Stop::NotBefore(at)) = stop;
                    keep(head, &source[..at]);
                    source.advance(at);
                    *bytes += at;
                    if matches!(stop, Stop::NotBefore(_)) {
                        return None;
                    }
                    let event = MllpEvent::Oversized {
                        head: std::mem::take(head).freeze(),
                        bytes: *bytes,
                    };
                    let ended = matches!(stop, Stop::End(_));
                    source.advance(usize::from(ended));
                    self.end_frame(ended);
                    return Some(event);
                }
            }
        }
    }

    /// What the stream's end cut off.
    fn last_event(&mut self, source: &mut BytesMut) -> Option<MllpEvent> {
        let left = source.len();
        let event = match &mut self.state {
            State::Between { after_end, garbage } => {
                self.statistics.missing_returns += u64::from(*after_end);
                (*garbage > 0).then_some(MllpEvent::Garbage { bytes: *garbage })
            }
            State::Frame { .. } if left > self.max_frame_bytes => Some(MllpEvent::Oversized {
                head: head(source),
                bytes: left,
            }),
            State::Frame { .. } => Some(MllpEvent::Truncated {
                head: head(source),
                bytes: left,
            }),
            State::Oversized { head, bytes } => {
                keep(head, source);
                Some(MllpEvent::Oversized {
                    head: std::mem::take(head).freeze(),
                    bytes: *bytes + left,
                })
            }
        };
        source.clear();
        self.end_frame(false);
        event
    }

    /// What a payload is, now that its end has come.
    fn ended(&self, payload: Bytes) -> MllpEvent {
        let bytes = payload.len();
        if bytes > self.max_frame_bytes {
            let head = head(&payload);
            return MllpEvent::Oversized { head, bytes };
        }
        match Commit::read(&payload).filter(|_| self.release_2) {
            Some(commit) => MllpEvent::Commit(commit),
            None => MllpEvent::Frame(payload),
        }
    }

    fn end_frame(&mut self, after_end: bool) {
        self.statistics.framing_bytes += u64::from(after_end);
        self.state = State::Between {
            after_end,
            garbage: 0,
        };
    }
}

/// Looks for the end of a payload from `from` on.
pub(super) fn stop(source: &[u8], from: usize) -> Stop {
    let mut at = from;
    while let Some(found) = memchr2(END, BEGIN, &source[at..]) {
        at += found;
        if source[at] == END {
            return Stop::End(at);
        }
        let behind = &source[at..source.len().min(at + RESTART.len())];
        if behind == RESTART {
            return Stop::Restart(at);
        }
        if RESTART.starts_with(behind) {
            // Three more bytes decide.
            return Stop::NotBefore(at);
        }
        at += 1;
    }
    Stop::NotBefore(source.len())
}

/// Adds what still fits into an event's head.
fn keep(head: &mut BytesMut, payload: &[u8]) {
    let room = HEAD_BYTES - head.len();
    head.extend_from_slice(&payload[..payload.len().min(room)]);
}

fn head(payload: &[u8]) -> Bytes {
    Bytes::copy_from_slice(&payload[..payload.len().min(HEAD_BYTES)])
}

impl Encoder<&[u8]> for MllpCodec {
    type Error = io::Error;

    fn encode(&mut self, payload: &[u8], out: &mut BytesMut) -> Result<(), io::Error> {
        out.reserve(payload.len() + 3);
        out.put_u8(BEGIN);
        out.put_slice(payload);
        out.put_slice(&[END, RETURN]);
        Ok(())
    }
}

impl Encoder<Bytes> for MllpCodec {
    type Error = io::Error;

    fn encode(&mut self, payload: Bytes, out: &mut BytesMut) -> Result<(), io::Error> {
        self.encode(&payload[..], out)
    }
}

impl Encoder<Commit> for MllpCodec {
    type Error = io::Error;

    fn encode(&mut self, commit: Commit, out: &mut BytesMut) -> Result<(), io::Error> {
        self.encode(&[commit.byte()][..], out)
    }
}
