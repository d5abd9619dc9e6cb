//! Frames of the minimal lower layer protocol (HL7 implementation guide, transport appendix C).

use std::{fmt, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use memchr::{memchr, memchr2};
use tokio_util::codec::{Decoder, Encoder};

/// 0x0B begins a frame, 0x1C 0x0D ends it.
const BEGIN: u8 = 0x0B;
const END: u8 = 0x1C;
const RETURN: u8 = 0x0D;

/// What must follow a [`BEGIN`] inside a frame for it to begin another one: a sender gave up and started again. Alone
/// it is a vertical tab, pasted into a note.
const RESTART: &[u8] = b"\x0bMSH";

/// How much of a frame that was not delivered is kept in its event, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Garbage is reported when a frame begins, at the end, or each time this many bytes of it have come.
pub const GARBAGE_REPORT_BYTES: usize = 64 * 1024;

/// What a stream of bytes holds. The same bytes give the same events, however they are cut up.
#[derive(Clone, PartialEq, Eq)]
pub enum MllpEvent {
    /// A whole frame's payload.
    Frame(Bytes),
    /// Bytes between frames, skipped.
    Garbage {
        /// How many.
        bytes: usize,
    },
    /// A frame longer than the limit, skipped up to its end.
    Oversized {
        /// Its first bytes, at most [`HEAD_BYTES`].
        head: Bytes,
        /// Length of its payload.
        bytes: usize,
    },
    /// A frame that the stream's end, or the beginning of another frame, cut off.
    Truncated {
        /// Its first bytes, at most [`HEAD_BYTES`].
        head: Bytes,
        /// How much of its payload came.
        bytes: usize,
    },
}

/// Without content, for logs.
impl fmt::Debug for MllpEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) = match self {
            Self::Frame(payload) => ("Frame", payload.len()),
            Self::Garbage { bytes } => ("Garbage", *bytes),
            Self::Oversized { bytes, .. } => ("Oversized", *bytes),
            Self::Truncated { bytes, .. } => ("Truncated", *bytes),
        };
        f.debug_struct(name)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// Cuts a byte stream into frames, and wraps payloads into frames.
///
/// ```text
///             0x0B                       0x1C (0x0D)
///  Between ─────────▶ Frame ─────────────────────────▶ Between
///                       │ more than the limit           ▲
///                       └──────────▶ Oversized ─────────┘ 0x1C (0x0D)
/// ```
///
/// Each byte is looked at once. A missing 0x0D after 0x1C is tolerated. It never fails: what is wrong is an event.
pub struct MllpCodec {
    max_frame_bytes: usize,
    state: State,
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
enum Stop {
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
            state: State::Between {
                after_end: false,
                garbage: 0,
            },
        }
    }

    fn end_frame(&mut self, after_end: bool) {
        self.state = State::Between {
            after_end,
            garbage: 0,
        };
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
        loop {
            match &mut self.state {
                State::Between { after_end, garbage } => {
                    if source.is_empty() {
                        return Ok(None);
                    }
                    if std::mem::take(after_end) && source[0] == RETURN {
                        source.advance(1);
                    }
                    let room = GARBAGE_REPORT_BYTES - *garbage;
                    let window = &source[..source.len().min(room)];
                    let begin = memchr(BEGIN, window);
                    let skipped = begin.unwrap_or(window.len());
                    let bytes = *garbage + skipped;
                    source.advance(skipped);
                    if begin.is_some() {
                        source.advance(1);
                        self.state = State::Frame { scanned: 0 };
                    } else if bytes < GARBAGE_REPORT_BYTES {
                        *garbage = bytes;
                        return Ok(None);
                    } else {
                        *garbage = 0;
                    }
                    if bytes > 0 {
                        return Ok(Some(MllpEvent::Garbage { bytes }));
                    }
                }
                State::Frame { scanned } => match stop(source, *scanned) {
                    Stop::End(at) => {
                        let payload = source.split_to(at).freeze();
                        source.advance(1);
                        self.end_frame(true);
                        return Ok(Some(if at <= self.max_frame_bytes {
                            MllpEvent::Frame(payload)
                        } else {
                            MllpEvent::Oversized {
                                head: head(&payload),
                                bytes: at,
                            }
                        }));
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
                        return Ok(Some(event));
                    }
                    Stop::NotBefore(at) if at > self.max_frame_bytes => {
                        let mut head = BytesMut::new();
                        keep(&mut head, &source[..at]);
                        source.advance(at);
                        self.state = State::Oversized { head, bytes: at };
                    }
                    Stop::NotBefore(at) => {
                        *scanned = at;
                        return Ok(None);
                    }
                },
                State::Oversized { head, bytes } => {
                    let stop = stop(source, 0);
                    let (Stop::End(at) | Stop::Restart(at) | Stop::NotBefore(at)) = stop;
                    keep(head, &source[..at]);
                    source.advance(at);
                    *bytes += at;
                    if matches!(stop, Stop::NotBefore(_)) {
                        return Ok(None);
                    }
                    let event = MllpEvent::Oversized {
                        head: std::mem::take(head).freeze(),
                        bytes: *bytes,
                    };
                    let ended = matches!(stop, Stop::End(_));
                    source.advance(usize::from(ended));
                    self.end_frame(ended);
                    return Ok(Some(event));
                }
            }
        }
    }

    fn decode_eof(&mut self, source: &mut BytesMut) -> Result<Option<MllpEvent>, io::Error> {
        if let Some(event) = self.decode(source)? {
            return Ok(Some(event));
        }
        let left = source.len();
        let event = match &mut self.state {
            State::Between { garbage, .. } => {
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
        Ok(event)
    }
}

/// Looks for the end of a payload from `from` on.
fn stop(source: &[u8], from: usize) -> Stop {
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
