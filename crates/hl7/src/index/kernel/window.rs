//! One block compared with two bytes, for splitting a field.

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use super::neon::Neon as Baseline;
#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little")
)))]
use super::portable::Portable as Baseline;
#[cfg(target_arch = "x86_64")]
use super::sse2::Sse2 as Baseline;

use super::block::{BLOCK_BYTES, Block, Wanted};

/// How many bytes are compared, a bit each in a `u64`.
pub(crate) const WINDOW_BYTES: usize = BLOCK_BYTES;

/// Most fields are no longer.
pub(crate) const HALF_BYTES: usize = WINDOW_BYTES / 2;

/// Which of the bytes are one of the two, and which are `second`; the first byte is the lowest bit.
///
/// With what every processor of this architecture has: for a single block, choosing costs more than it gains.
#[inline]
pub(crate) fn marks(bytes: &[u8; WINDOW_BYTES], first: u8, second: u8) -> (u64, u64) {
    // SAFETY: `Baseline` needs nothing but its architecture, and `bytes` are the 64 that `load` reads.
    unsafe {
        let wanted = Wanted {
            field: Baseline::splat(first),
            cr: Baseline::splat(second),
            lf: Baseline::splat(second),
        };
        Baseline::load(bytes.as_ptr()).marks(&wanted)
    }
}

/// As [`marks`], of the first half of the bytes; what is told of the second half may be wrong.
#[inline]
pub(crate) fn marks_in_half(bytes: &[u8; WINDOW_BYTES], first: u8, second: u8) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: SSE2 is part of x86-64, and `bytes` are more than the 32 that are read.
    unsafe {
        Baseline::marks_in_half(bytes.as_ptr(), first, second)
    }
    // Elsewhere half a block takes as long as a whole one, or nobody has measured it.
    #[cfg(not(target_arch = "x86_64"))]
    marks(bytes, first, second)
}
