//! For x86-64 processors with AVX-512 and VBMI2: Intel's servers since 2019, AMD's since 2022.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_cmpeq_epi8_mask, _mm512_cvtepu8_epi32,
    _mm512_extracti32x4_epi32, _mm512_loadu_si512, _mm512_maskz_compress_epi8, _mm512_movepi8_mask,
    _mm512_or_si512, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_si512,
};

use super::block::{self, BLOCK_BYTES, Block, Marked, Wanted};

/// [`block::mark`] with AVX-512.
///
/// # Safety
///
/// The processor has AVX-512 F, BW and VBMI2, BMI1, BMI2 and POPCNT; else as there.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn mark(
    text: &[u8],
    base: u32,
    field: u8,
    place: usize,
    tape: &mut [u32],
    line_ends: &mut [u32],
) -> Marked {
    // SAFETY: the caller's promise is the same.
    unsafe { block::mark::<Avx512>(text, base, field, place, tape, line_ends) }
}

/// [`block::count`] with the same instructions.
///
/// # Safety
///
/// As for [`mark`].
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,bmi1,bmi2,popcnt")]
pub(super) unsafe fn count(text: &[u8], field: u8) -> usize {
    // SAFETY: the caller's promise is the same.
    unsafe { block::count::<Avx512>(text, field) }
}

#[derive(Clone, Copy)]
struct Avx512(__m512i);

/// 0 to 63.
static NUMBERS: [u8; BLOCK_BYTES] = numbers();

const fn numbers() -> [u8; BLOCK_BYTES] {
    let mut numbers = [0; BLOCK_BYTES];
    let mut n = 0;
    while n < BLOCK_BYTES {
        numbers[n] = n as u8;
        n += 1;
    }
    numbers
}

// SAFETY of the blocks below: `mark` alone uses this type and has the instructions; `load` reads the 64 bytes that its
// caller promises, and `emit` writes what its caller grants.
impl Block for Avx512 {
    type Byte = __m512i;

    #[inline(always)]
    unsafe fn splat(byte: u8) -> __m512i {
        unsafe { _mm512_set1_epi8(byte as i8) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self(_mm512_setzero_si512()) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        unsafe { Self(_mm512_loadu_si512(from.cast())) }
    }

    #[inline(always)]
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64) {
        unsafe {
            let equal = |byte| _mm512_cmpeq_epi8_mask(self.0, byte);
            let ends = equal(wanted.cr) | equal(wanted.lf);
            (ends | equal(wanted.field), ends)
        }
    }

    type Base = __m512i;

    #[inline(always)]
    unsafe fn base(offset: u32) -> __m512i {
        unsafe { _mm512_set1_epi32(offset as i32) }
    }

    #[inline(always)]
    unsafe fn advance<const BYTES: u32>(base: __m512i) -> __m512i {
        unsafe { _mm512_add_epi32(base, _mm512_set1_epi32(BYTES as i32)) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        unsafe { Self(_mm512_or_si512(self.0, other.0)) }
    }

    #[inline(always)]
    unsafe fn has_non_ascii(self) -> bool {
        unsafe { _mm512_movepi8_mask(self.0) != 0 }
    }

    /// Compresses the numbers 0 to 63 in a register and widens sixteen at a time. (A compressing store to memory is
    /// microcode on some processors.)
    #[inline(always)]
    unsafe fn emit(mask: u64, base: __m512i, out: *mut u32) -> usize {
        let count = mask.count_ones() as usize;
        // The first 32 places are written whatever is set, which a branch would have to guess; sixteen more at 32 or 48
        // only if more bits than that are set: never further than 32 behind the last.
        unsafe {
            let bits =
                _mm512_maskz_compress_epi8(mask, _mm512_loadu_si512(NUMBERS.as_ptr().cast()));
            let write = |quarter, at| {
                let places = _mm512_add_epi32(_mm512_cvtepu8_epi32(quarter), base);
                _mm512_storeu_si512(out.add(at).cast(), places);
            };
            write(_mm512_extracti32x4_epi32::<0>(bits), 0);
            write(_mm512_extracti32x4_epi32::<1>(bits), 16);
            if count > 32 {
                write(_mm512_extracti32x4_epi32::<2>(bits), 32);
            }
            if count > 48 {
                write(_mm512_extracti32x4_epi32::<3>(bits), 48);
            }
        }
        count
    }
}
