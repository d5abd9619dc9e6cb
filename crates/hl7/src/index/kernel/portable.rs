//! For any processor: eight bytes in a `u64`.

use super::block::{Block, Wanted};
use super::emit::{self, Widen};

#[derive(Clone, Copy)]
pub(super) struct Portable([u64; 8]);

const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;

impl Block for Portable {
    type Byte = u64;

    #[inline(always)]
    unsafe fn splat(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        Self([0; 8])
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        // SAFETY: the caller promises 64 readable bytes; arrays of bytes have no alignment.
        let bytes = unsafe { from.cast::<[[u8; 8]; 8]>().read() };
        Self(bytes.map(u64::from_le_bytes))
    }

    #[inline(always)]
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64) {
        let ends = self
            .0
            .map(|word| zeros(word ^ wanted.cr) | zeros(word ^ wanted.lf));
        let all = std::array::from_fn(|n| ends[n] | zeros(self.0[n] ^ wanted.field));
        (gather(all), gather(ends))
    }

    type Base = u32;

    #[inline(always)]
    unsafe fn base(offset: u32) -> u32 {
        offset
    }

    #[inline(always)]
    unsafe fn advance<const BYTES: u32>(base: u32) -> u32 {
        base.wrapping_add(BYTES)
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| self.0[n] | other.0[n]))
    }

    #[inline(always)]
    unsafe fn has_non_ascii(self) -> bool {
        self.0.iter().any(|word| word & !LOW != 0)
    }

    #[inline(always)]
    unsafe fn emit(mask: u64, base: Self::Base, out: *mut u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { emit::by_table::<Self>(mask, base, out) }
    }
}

// SAFETY: as above; `widen` writes the eight places that its caller grants.
impl Widen for Portable {
    const COUNTS_BITS: bool = false;

    #[inline(always)]
    unsafe fn widen(numbers: [u8; 8], base: u32, out: *mut u32) {
        let places = numbers.map(|number| base.wrapping_add(u32::from(number)));
        // SAFETY: the caller grants eight places; `[u32; 8]` is as aligned as `u32`.
        unsafe { out.cast::<[u32; 8]>().write(places) }
    }
}

/// The top bit of each byte that is zero. Exact: nothing carries from one byte into the next.
#[inline(always)]
fn zeros(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

/// The top bits of all bytes in the order of the bytes.
#[inline(always)]
fn gather(words: [u64; 8]) -> u64 {
    let mut mask = 0;
    for (n, word) in words.into_iter().enumerate() {
        mask |= ((word >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) << (8 * n);
    }
    mask
}
