//! The algorithm, once for all kernels.

/// How many bytes are classified at once, a bit each in a `u64`.
pub(super) const BLOCK_BYTES: usize = 64;

/// How many bytes a kernel is given at most: their marks stay in the first-level cache until segments are made of them.
pub(in crate::index) const CHUNK_BYTES: usize = 4096;

/// How far behind its last mark a kernel may write.
pub(in crate::index) const SPARE_PLACES: usize = 32;

/// A block of 64 bytes in vector registers.
///
/// # Safety
///
/// Every method may use the instructions of the implementing kernel: the processor must have them.
pub(super) trait Block: Copy {
    /// One byte, in the form that blocks are compared with.
    type Byte: Copy;

    unsafe fn splat(byte: u8) -> Self::Byte;

    /// A block of zeros.
    unsafe fn zero() -> Self;

    /// The block at `from`, aligned or not; 64 bytes must be readable there.
    unsafe fn load(from: *const u8) -> Self;

    /// Which bytes are among the wanted ones, and which of them are line ends; the first byte is the lowest bit.
    unsafe fn marks(self, wanted: &Wanted<Self>) -> (u64, u64);

    /// Both blocks' bits.
    unsafe fn or(self, other: Self) -> Self;

    /// Whether a byte has its top bit set.
    unsafe fn has_non_ascii(self) -> bool;

    /// An offset, in the form that small numbers are added to.
    type Base: Copy;

    unsafe fn base(offset: u32) -> Self::Base;

    /// The offset that lies `BYTES` further.
    unsafe fn advance<const BYTES: u32>(base: Self::Base) -> Self::Base;

    /// Writes `base` plus the number of each set bit to `out`, ascending, and gives how many there are.
    ///
    /// Up to [`SPARE_PLACES`] more may be overwritten: so many places behind the last must be writable.
    unsafe fn emit(mask: u64, base: Self::Base, out: *mut u32) -> usize;
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<B: Block> {
    pub(super) field: B::Byte,
    pub(super) cr: B::Byte,
    pub(super) lf: B::Byte,
}

impl<B: Block> Wanted<B> {
    /// # Safety
    ///
    /// The processor has the instructions of `B`.
    #[inline(always)]
    unsafe fn new(field: u8) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                field: B::splat(field),
                cr: B::splat(b'\r'),
                lf: B::splat(b'\n'),
            }
        }
    }
}

/// What a kernel found in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::index) struct Marked {
    /// How many marks it put on the tape.
    pub(in crate::index) marks: usize,
    /// How many of them are line ends.
    pub(in crate::index) line_ends: usize,
    pub(in crate::index) non_ascii: bool,
}

/// Writes where in `text` field separators and line ends stand, and which of these marks are line ends.
///
/// `base` is added to offsets; `place` is the place on the tape of the first mark.
///
/// # Safety
///
/// The processor has the instructions of `B`; `line_ends` and, from `place` on, `tape` are [`SPARE_PLACES`] longer than
/// `text`.
#[inline(always)]
pub(super) unsafe fn mark<B: Block>(
    text: &[u8],
    base: u32,
    field: u8,
    place: usize,
    tape: &mut [u32],
    line_ends: &mut [u32],
) -> Marked {
    // SAFETY: the caller promises the instructions, here and wherever `B` is used below.
    let mut scan = unsafe {
        Scan::<B> {
            wanted: Wanted::new(field),
            seen: B::zero(),
            base: B::base(base),
            tape: tape.as_mut_ptr(),
            place,
            line_ends: line_ends.as_mut_ptr(),
            lines: 0,
        }
    };
    let whole = text.len() / BLOCK_BYTES * BLOCK_BYTES;
    let mut at = 0;
    while at < whole {
        // SAFETY: `at` is a multiple of 64 below `whole`, so 64 bytes from it are inside `text`. For the writes: see
        // `Scan::block`; each block adds at most one mark a byte of `text`.
        unsafe {
            let block = B::load(text.as_ptr().add(at));
            scan.block(block, 0);
        }
        at += BLOCK_BYTES;
    }
    let rest = text.len() - whole;
    if rest > 0 {
        // The last block overlaps the one before; what was seen already is shifted out.
        let mut padded = [0; BLOCK_BYTES];
        let (from, seen) = if whole > 0 {
            (
                text[text.len() - BLOCK_BYTES..].as_ptr(),
                BLOCK_BYTES - rest,
            )
        } else {
            padded[..rest].copy_from_slice(text);
            (padded.as_ptr(), 0)
        };
        // SAFETY: 64 bytes from `from` are the end of `text` or `padded`. A padding of zeros makes no marks: zero is no
        // delimiter (`mark` in `choice` checks).
        unsafe {
            let block = B::load(from);
            scan.block(block, seen as u32);
        }
    }
    // SAFETY: the instructions, as above.
    let non_ascii = unsafe { scan.seen.has_non_ascii() };
    Marked {
        marks: scan.place - place,
        line_ends: scan.lines,
        non_ascii,
    }
}

/// How many field separators and line ends whole blocks of `text` hold: [`mark`] without writing, the bound that
/// benchmarks measure it against.
///
/// # Safety
///
/// The processor has the instructions of `B`.
#[inline(always)]
pub(super) unsafe fn count<B: Block>(text: &[u8], field: u8) -> usize {
    // SAFETY: the caller promises the instructions.
    let wanted = unsafe { Wanted::<B>::new(field) };
    let mut count = 0;
    for block in text.chunks_exact(BLOCK_BYTES) {
        // SAFETY: the caller promises the instructions, and `block` has 64 bytes.
        unsafe {
            let block = B::load(block.as_ptr());
            count += block.marks(&wanted).0.count_ones() as usize;
        }
    }
    count
}

struct Scan<B: Block> {
    wanted: Wanted<B>,
    /// All blocks' bits together.
    seen: B,
    /// The offset of the next byte.
    base: B::Base,
    tape: *mut u32,
    /// Of the next mark on the tape.
    place: usize,
    line_ends: *mut u32,
    lines: usize,
}

impl<B: Block> Scan<B> {
    /// Marks one block, of which the first `seen` bytes are known already.
    ///
    /// # Safety
    ///
    /// The processor has `B`'s instructions. `tape` has room for the marks so far, those of this block and
    /// [`SPARE_PLACES`] more; so does `line_ends`.
    #[inline(always)]
    unsafe fn block(&mut self, block: B, seen: u32) {
        // SAFETY: the caller's promise. Marks are written at `place`, which then grows by their number, and line ends
        // likewise; neither goes further than one place a byte of text, and the spare places behind are there.
        unsafe {
            self.seen = self.seen.or(block);
            let base = self.base;
            self.base = B::advance::<{ BLOCK_BYTES as u32 }>(base);
            let (all, ends) = block.marks(&self.wanted);
            let (all, mut ends) = (all >> seen, ends >> seen);
            if all == 0 {
                // Blocks of an encoded document would pay for nothing.
                return;
            }
            // No line end or one is what a block nearly always has: written down without a branch.
            let first = self.place as u32;
            self.line_ends
                .add(self.lines)
                .write(first + before(all, ends));
            self.lines += usize::from(ends != 0);
            ends &= ends.wrapping_sub(1);
            if ends != 0 {
                self.lines += more_line_ends(all, ends, first, self.line_ends.add(self.lines));
            }
            self.place += B::emit(all, base, self.tape.add(self.place));
        }
    }
}

/// Writes the places of the further line ends of a block, short lines or CRLF, and gives how many there are.
///
/// # Safety
///
/// From `out` on there must be room for as many places as `ends` has bits.
#[cold]
#[inline(never)]
unsafe fn more_line_ends(all: u64, mut ends: u64, first: u32, out: *mut u32) -> usize {
    let mut count = 0;
    while ends != 0 {
        // SAFETY: a place a bit.
        unsafe {
            out.add(count).write(first + before(all, ends));
        }
        count += 1;
        ends &= ends - 1;
    }
    count
}

/// How many of `all` come before the first of `ends`.
#[inline(always)]
fn before(all: u64, ends: u64) -> u32 {
    (all & (ends & ends.wrapping_neg()).wrapping_sub(1)).count_ones()
}
