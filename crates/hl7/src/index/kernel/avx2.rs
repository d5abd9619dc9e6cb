//! For x86-64 processors since about 2013.

use std::arch::x86_64::{
    __m256i, _mm_loadl_epi64, _mm256_add_epi32, _mm256_cmpeq_epi8, _mm256_cvtepu8_epi32,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::block::{self, Block, Marked, Wanted};
use super::emit::{self, Widen};

/// [`block::mark`] with AVX2.
///
/// # Safety
///
/// The processor has AVX2, BMI1, BMI2 and POPCNT; else as there.
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn mark(
    text: &[u8],
    base: u32,
    field: u8,
    place: usize,
    tape: &mut [u32],
    line_ends: &mut [u32],
) -> Marked {
    // SAFETY: the caller's promise is the same.
    unsafe { block::mark::<Avx2>(text, base, field, place, tape, line_ends) }
}

/// [`block::count`] with the same instructions.
///
/// # Safety
///
/// As for [`mark`].
#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn count(text: &[u8], field: u8) -> usize {
    // SAFETY: the caller's promise is the same.
    unsafe { block::count::<Avx2>(text, field) }
}

#[derive(Clone, Copy)]
struct Avx2([__m256i; 2]);

/// The bits of twice 32 bytes.
#[inline(always)]
unsafe fn gather(halves: [__m256i; 2]) -> u64 {
    // SAFETY: the caller has AVX2.
    let [a, b] = halves.map(|half| unsafe { _mm256_movemask_epi8(half) } as u32 as u64);
    a | b << 32
}

// SAFETY of the blocks below: `mark` alone uses this type and has AVX2; `load` reads the 64 bytes that its caller promises.
impl Block for Avx2 {
    type Byte = __m256i;

    #[inline(always)]
    unsafe fn splat(byte: u8) -> __m256i {
        unsafe { _mm256_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self([_mm256_setzero_si256(); 2]) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe {
            Self([
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.add(32).cast()),
            ])
        }
    }

    #[inline(always)]
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64) {
        unsafe {
            let equal = |byte| self.0.map(|half| _mm256_cmpeq_epi8(half, byte));
            let [cr, lf, field] = [equal(wanted.cr), equal(wanted.lf), equal(wanted.field)];
            let ends = [_mm256_or_si256(cr[0], lf[0]), _mm256_or_si256(cr[1], lf[1])];
            let all = [
                _mm256_or_si256(ends[0], field[0]),
                _mm256_or_si256(ends[1], field[1]),
            ];
            (gather(all), gather(ends))
        }
    }

    type Base = __m256i;

    #[inline(always)]
    unsafe fn base(offset: u32) -> __m256i {
        unsafe { _mm256_set1_epi32(offset as i32) }
    }

    #[inline(always)]
    unsafe fn advance<const BYTES: u32>(base: __m256i) -> __m256i {
        unsafe { _mm256_add_epi32(base, _mm256_set1_epi32(BYTES as i32)) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe {
            Self([
                _mm256_or_si256(self.0[0], other.0[0]),
                _mm256_or_si256(self.0[1], other.0[1]),
            ])
        }
    }

    #[inline(always)]
    unsafe fn has_non_ascii(self) -> bool {
        unsafe { gather(self.0) != 0 }
    }

    #[inline(always)]
    unsafe fn emit(mask: u64, base: Self::Base, out: *mut u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { emit::by_table::<Self>(mask, base, out) }
    }
}

// SAFETY: as above; `widen` writes the eight places that its caller grants.
impl Widen for Avx2 {
    const COUNTS_BITS: bool = true;

    #[inline(always)]
    unsafe fn widen(numbers: [u8; 8], base: __m256i, out: *mut u32) {
        unsafe {
            let numbers = _mm256_cvtepu8_epi32(_mm_loadl_epi64(numbers.as_ptr().cast()));
            let places = _mm256_add_epi32(numbers, base);
            _mm256_storeu_si256(out.cast(), places);
        }
    }
}
