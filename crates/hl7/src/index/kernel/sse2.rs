//! For every x86-64 processor: SSE2 is part of it.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_cmpeq_epi8, _mm_loadl_epi64, _mm_loadu_si128, _mm_movemask_epi8,
    _mm_or_si128, _mm_set1_epi8, _mm_set1_epi32, _mm_setzero_si128, _mm_storeu_si128,
    _mm_unpackhi_epi16, _mm_unpacklo_epi8, _mm_unpacklo_epi16,
};

use super::block::{Block, Wanted};
use super::emit::{self, Widen};

#[derive(Clone, Copy)]
pub(super) struct Sse2([__m128i; 4]);

/// The bits of four times sixteen bytes.
#[inline(always)]
fn gather(quarters: [__m128i; 4]) -> u64 {
    // SAFETY: SSE2 is part of x86-64.
    let [a, b, c, d] = quarters.map(|quarter| unsafe { _mm_movemask_epi8(quarter) } as u32 as u64);
    a | b << 16 | c << 32 | d << 48
}

impl Sse2 {
    /// Which of the 32 bytes at `from` are one of the two, and which are `second`.
    ///
    /// # Safety
    ///
    /// 32 bytes must be readable there.
    #[inline(always)]
    pub(super) unsafe fn marks_in_half(from: *const u8, first: u8, second: u8) -> (u64, u64) {
        // SAFETY: SSE2 is part of x86-64; the caller promises the bytes.
        unsafe {
            let (low, high) = (
                _mm_loadu_si128(from.cast()),
                _mm_loadu_si128(from.add(16).cast()),
            );
            let equal = |byte: u8| {
                let byte = _mm_set1_epi8(byte as i8);
                let low = _mm_movemask_epi8(_mm_cmpeq_epi8(low, byte)) as u64;
                low | (_mm_movemask_epi8(_mm_cmpeq_epi8(high, byte)) as u64) << 16
            };
            let (first, second) = (equal(first), equal(second));
            (first | second, second)
        }
    }
}

// SAFETY of the blocks below: SSE2 is part of x86-64; `load` reads the 64 bytes that its caller promises.
impl Block for Sse2 {
    type Byte = __m128i;

    #[inline(always)]
    unsafe fn splat(byte: u8) -> __m128i {
        unsafe { _mm_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self([_mm_setzero_si128(); 4]) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        Self(std::array::from_fn(|n| unsafe {
            _mm_loadu_si128(from.add(16 * n).cast())
        }))
    }

    #[inline(always)]
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64) {
        unsafe {
            let ends = self.0.map(|quarter| {
                _mm_or_si128(
                    _mm_cmpeq_epi8(quarter, wanted.cr),
                    _mm_cmpeq_epi8(quarter, wanted.lf),
                )
            });
            let all = std::array::from_fn(|n| {
                _mm_or_si128(ends[n], _mm_cmpeq_epi8(self.0[n], wanted.field))
            });
            (gather(all), gather(ends))
        }
    }

    type Base = __m128i;

    #[inline(always)]
    unsafe fn base(offset: u32) -> __m128i {
        unsafe { _mm_set1_epi32(offset as i32) }
    }

    #[inline(always)]
    unsafe fn advance<const BYTES: u32>(base: __m128i) -> __m128i {
        unsafe { _mm_add_epi32(base, _mm_set1_epi32(BYTES as i32)) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| unsafe {
            _mm_or_si128(self.0[n], other.0[n])
        }))
    }

    #[inline(always)]
    unsafe fn has_non_ascii(self) -> bool {
        gather(self.0) != 0
    }

    #[inline(always)]
    unsafe fn emit(mask: u64, base: Self::Base, out: *mut u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { emit::by_table::<Self>(mask, base, out) }
    }
}

// SAFETY: as above; `widen` writes the eight places that its caller grants.
impl Widen for Sse2 {
    const COUNTS_BITS: bool = false;

    #[inline(always)]
    unsafe fn widen(numbers: [u8; 8], base: __m128i, out: *mut u32) {
        unsafe {
            let zero = _mm_setzero_si128();
            let words = _mm_unpacklo_epi8(_mm_loadl_epi64(numbers.as_ptr().cast()), zero);
            let low = _mm_add_epi32(_mm_unpacklo_epi16(words, zero), base);
            let high = _mm_add_epi32(_mm_unpackhi_epi16(words, zero), base);
            _mm_storeu_si128(out.cast(), low);
            _mm_storeu_si128(out.add(4).cast(), high);
        }
    }
}
