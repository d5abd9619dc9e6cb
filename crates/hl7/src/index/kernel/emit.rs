//! From a mask to the places of its bits, without a branch: what delimiters come where is not to be predicted.

use super::block::Block;

/// A block whose marks are written eight places at a time.
///
/// # Safety
///
/// As for [`Block`].
pub(super) trait Widen: Block {
    /// Whether counting a byte's bits is one instruction.
    const COUNTS_BITS: bool;

    /// Writes `base` plus each of eight small numbers to `out`, where eight places must be writable.
    unsafe fn widen(numbers: [u8; 8], base: Self::Base, out: *mut u32);
}

/// For each byte, the numbers of its set bits, ascending.
static BITS: [[u8; 8]; 256] = bits();

const fn bits() -> [[u8; 8]; 256] {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if (byte >> bit) & 1 == 1 {
                table[byte][count] = bit as u8;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
}

/// In byte n, how many bits are set in bytes 0 to n.
#[inline(always)]
fn running_counts(mask: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let pairs = mask - ((mask >> 1) & (0x55 * ONES));
    let nibbles = (pairs & (0x33 * ONES)) + ((pairs >> 2) & (0x33 * ONES));
    let bytes = (nibbles + (nibbles >> 4)) & (0x0F * ONES);
    bytes.wrapping_mul(ONES)
}

/// Eight places are written for each byte of the mask, and the next byte's overwrite those that were none.
///
/// # Safety
///
/// The processor has the instructions of `B`. From `out` on, the mask's number of bits and eight more places must be
/// writable.
#[inline(always)]
pub(super) unsafe fn by_table<B: Widen>(mask: u64, base: B::Base, out: *mut u32) -> usize {
    let counts = if B::COUNTS_BITS {
        0
    } else {
        running_counts(mask)
    };
    let mut written = 0;
    let mut group = 0;
    let mut base = base;
    while group < 8 {
        let byte = (mask >> (8 * group)) as u8;
        // SAFETY: `written` is the number of bits before this group, at most that of the mask; the caller grants eight
        // places behind them.
        unsafe {
            B::widen(BITS[byte as usize], base, out.add(written));
            base = B::advance::<8>(base);
        }
        if B::COUNTS_BITS {
            written += byte.count_ones() as usize;
        } else {
            written = (counts >> (8 * group)) as u8 as usize;
        }
        group += 1;
    }
    written
}
