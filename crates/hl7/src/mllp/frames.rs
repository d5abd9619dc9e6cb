use memchr::memchr;

use crate::mllp::codec::{BEGIN, RETURN, Stop, stop};
use crate::mllp::event::{GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpEvent};

/// The frames in bytes that are all there, as in a captured stream or a buffer that holds whole frames. Payloads are borrowed.
///
/// The events are those of an [`MllpCodec`](crate::MllpCodec) of release 1 without a size limit that is given the same
/// bytes and then the stream's end.
///
/// ```
/// use kiln_hl7::{Frames, MllpEvent};
///
/// let captured = b"\x0bMSH|^~\\&|A\r\x1c\rnoise\x0bMSH|^~\\&|B\r\x1c\r";
/// let mut frames = Frames::new(captured);
/// assert_eq!(frames.next(), Some(MllpEvent::Frame(&b"MSH|^~\\&|A\r"[..])));
/// assert_eq!(frames.next(), Some(MllpEvent::Garbage { bytes: 5 }));
/// assert_eq!(frames.next(), Some(MllpEvent::Frame(&b"MSH|^~\\&|B\r"[..])));
/// assert_eq!(frames.next(), None);
/// ```
#[derive(Clone)]
pub struct Frames<'a> {
    rest: &'a [u8],
    /// A frame just ended, its 0x0D may follow.
    after_end: bool,
}

impl<'a> Frames<'a> {
    /// The frames in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            after_end: false,
        }
    }

    fn truncated(payload: &'a [u8]) -> MllpEvent<&'a [u8]> {
        MllpEvent::Truncated {
            head: &payload[..payload.len().min(HEAD_BYTES)],
            bytes: payload.len(),
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = MllpEvent<&'a [u8]>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if std::mem::take(&mut self.after_end)
            && let [RETURN, rest @ ..] = self.rest
        {
            self.rest = rest;
        }
        let payload = match self.rest {
            [] => return None,
            [BEGIN, payload @ ..] => payload,
            rest => {
                let window = &rest[..rest.len().min(GARBAGE_REPORT_BYTES)];
                let bytes = memchr(BEGIN, window).unwrap_or(window.len());
                self.rest = &rest[bytes..];
                return Some(MllpEvent::Garbage { bytes });
            }
        };
        let (event, rest) = match stop(payload, 0) {
            Stop::End(at) => {
                self.after_end = true;
                (MllpEvent::Frame(&payload[..at]), &payload[at + 1..])
            }
            Stop::Restart(at) => (Self::truncated(&payload[..at]), &payload[at..]),
            Stop::NotBefore(_) => (Self::truncated(payload), &[][..]),
        };
        self.rest = rest;
        Some(event)
    }
}

/// Without content, for logs.
impl std::fmt::Debug for Frames<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Frames")
            .field("bytes", &self.rest.len())
            .finish_non_exhaustive()
    }
}
