//! For 64-bit ARM: NEON is part of it.

use std::arch::aarch64::{
    uint8x16_t, uint32x4_t, vaddq_u32, vaddw_high_u16, vaddw_u16, vandq_u8, vceqq_u8, vdupq_n_u8,
    vdupq_n_u32, vget_low_u16, vgetq_lane_u64, vld1_u8, vld1q_u8, vmaxvq_u8, vmovl_u8, vorrq_u8,
    vpaddq_u8, vreinterpretq_u64_u8, vst1q_u32,
};

use super::block::{Block, Wanted};
use super::emit::{self, Widen};

#[derive(Clone, Copy)]
pub(super) struct Neon([uint8x16_t; 4]);

/// The weight of each of eight bytes in a byte of the mask, twice.
static WEIGHTS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

/// A bit a byte, of bytes that are all ones or all zeros: weigh them, then add neighbours three times.
#[inline(always)]
fn gather(quarters: [uint8x16_t; 4]) -> u64 {
    // SAFETY: NEON is part of aarch64; `WEIGHTS` has the sixteen bytes that are read.
    unsafe {
        let weights = vld1q_u8(WEIGHTS.as_ptr());
        let [a, b, c, d] = quarters.map(|quarter| vandq_u8(quarter, weights));
        let pairs = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
        vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(pairs, pairs)))
    }
}

// SAFETY of the blocks below: NEON is part of aarch64; `load` reads the 64 bytes that its caller promises.
impl Block for Neon {
    type Byte = uint8x16_t;

    #[inline(always)]
    unsafe fn splat(byte: u8) -> uint8x16_t {
        unsafe { vdupq_n_u8(byte) }
    }

    #[inline(always)]
    unsafe fn zero() -> Self {
        unsafe { Self([vdupq_n_u8(0); 4]) }
    }

    #[inline(always)]
    unsafe fn load(from: *const u8) -> Self {
        Self(std::array::from_fn(|n| unsafe {
            vld1q_u8(from.add(16 * n))
        }))
    }

    #[inline(always)]
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64) {
        unsafe {
            let ends = self.0.map(|quarter| {
                vorrq_u8(vceqq_u8(quarter, wanted.cr), vceqq_u8(quarter, wanted.lf))
            });
            let all = std::array::from_fn(|n| vorrq_u8(ends[n], vceqq_u8(self.0[n], wanted.field)));
            (gather(all), gather(ends))
        }
    }

    type Base = uint32x4_t;

    #[inline(always)]
    unsafe fn base(offset: u32) -> uint32x4_t {
        unsafe { vdupq_n_u32(offset) }
    }

    #[inline(always)]
    unsafe fn advance<const BYTES: u32>(base: uint32x4_t) -> uint32x4_t {
        unsafe { vaddq_u32(base, vdupq_n_u32(BYTES)) }
    }

    #[inline(always)]
    unsafe fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|n| unsafe {
            vorrq_u8(self.0[n], other.0[n])
        }))
    }

    #[inline(always)]
    unsafe fn has_non_ascii(self) -> bool {
        let [a, b, c, d] = self.0;
        unsafe { vmaxvq_u8(vorrq_u8(vorrq_u8(a, b), vorrq_u8(c, d))) >= 0x80 }
    }

    #[inline(always)]
    unsafe fn emit(mask: u64, base: Self::Base, out: *mut u32) -> usize {
        // SAFETY: the caller's promise is the same.
        unsafe { emit::by_table::<Self>(mask, base, out) }
    }
}

// SAFETY: as above; `widen` writes the eight places that its caller grants.
impl Widen for Neon {
    const COUNTS_BITS: bool = false;

    #[inline(always)]
    unsafe fn widen(numbers: [u8; 8], base: uint32x4_t, out: *mut u32) {
        unsafe {
            let words = vmovl_u8(vld1_u8(numbers.as_ptr()));
            vst1q_u32(out, vaddw_u16(base, vget_low_u16(words)));
            vst1q_u32(out.add(4), vaddw_high_u16(base, words));
        }
    }
}
