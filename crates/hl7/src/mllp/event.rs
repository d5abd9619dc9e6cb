use std::fmt;

use bytes::Bytes;

use crate::mllp::commit::Commit;

/// How much of a frame that was not delivered is kept in its event, in bytes.
pub const HEAD_BYTES: usize = 64 * 1024;

/// Garbage is reported when a frame begins, at the end, or each time this many bytes of it have come.
pub const GARBAGE_REPORT_BYTES: usize = 64 * 1024;

/// What a stream of bytes holds. The same bytes give the same events, however they are cut up. `B` holds payloads.
#[derive(Clone, PartialEq, Eq)]
pub enum MllpEvent<B = Bytes> {
    /// A whole frame's payload.
    Frame(B),
    /// A commit acknowledgment of release 2; only from a codec that [speaks it](crate::MllpCodec::release_2).
    Commit(Commit),
    /// Bytes between frames, skipped.
    Garbage {
        /// How many.
        bytes: usize,
    },
    /// A frame longer than the limit, skipped up to its end.
    Oversized {
        /// Its first bytes, at most [`HEAD_BYTES`].
        head: B,
        /// Length of its payload.
        bytes: usize,
    },
    /// A frame that the stream's end, or the beginning of another frame, cut off.
    Truncated {
        /// Its first bytes, at most [`HEAD_BYTES`].
        head: B,
        /// How much of its payload came.
        bytes: usize,
    },
}

/// Without content, for logs.
impl<B: AsRef<[u8]>> fmt::Debug for MllpEvent<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) = match self {
            Self::Frame(payload) => ("Frame", payload.as_ref().len()),
            Self::Commit(commit) => return f.debug_tuple("Commit").field(commit).finish(),
            Self::Garbage { bytes } => ("Garbage", *bytes),
            Self::Oversized { bytes, .. } => ("Oversized", *bytes),
            Self::Truncated { bytes, .. } => ("Truncated", *bytes),
        };
        f.debug_struct(name)
            .field("bytes", &bytes)
            .finish_non_exhaustive()
    }
}
