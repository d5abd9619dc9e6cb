use super::kernel::{CHUNK_BYTES, Kernel, SPARE_PLACES};

/// Most segments in one message. A day's batch belongs into a file of many messages, not into one message.
pub const MAX_SEGMENTS: usize = 1 << 18;

/// Most field separators and line ends in one message; bounds the index to 20 MiB whatever a message holds.
pub const MAX_FIELD_SEPARATORS: usize = 1 << 22;

/// The longest tape: a kernel may go past the limit by what one chunk holds before it is stopped.
const MAX_TAPE: usize = MAX_FIELD_SEPARATORS + CHUNK_BYTES + SPARE_PLACES;

/// The places of a message's segments and fields, in storage that the caller keeps and reuses.
///
/// ```text
/// bytes     MSH|^~\&|LAB ... ␍PID|1||4711 ... ␍
/// tape      3 8 12 ...       74 78 80 81 ...      each field separator and line end
/// segments  [0 MSH 0 11]      [75 PID 12 30]      start, name, places on the tape: first separator, end
/// ```
///
/// Field n of a segment lies between two neighbours on the tape: two reads, whatever n is.
#[derive(Debug)]
pub struct Index {
    pub(crate) segments: Vec<SegmentEntry>,
    /// The first `marked` hold the message's marks; the rest is room for the next.
    pub(super) tape: Vec<u32>,
    pub(super) marked: usize,
    /// Places on the tape of the line ends in one chunk.
    pub(super) line_ends: Box<[u32]>,
    pub(super) kernel: Kernel,
}

/// One segment: where it begins, and its part of the tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentEntry {
    pub(crate) start: u32,
    pub(crate) name: SegmentName,
    /// Place on the tape of its first field separator, or of its end when it has none.
    pub(crate) first: u32,
    /// Place on the tape of its end.
    pub(crate) last: u32,
}

/// The three bytes of a segment's name, in a form that compares at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentName(u32);

impl SegmentName {
    pub(crate) const fn new(name: [u8; 3]) -> Self {
        Self(u32::from_le_bytes([name[0], name[1], name[2], 0]))
    }

    /// The name that four bytes begin with.
    pub(super) const fn leading(head: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(head) & 0x00FF_FFFF)
    }

    /// The name, if it can be one.
    pub(crate) fn of(name: &str) -> Option<Self> {
        name.as_bytes().try_into().ok().map(Self::new)
    }
}

impl Index {
    /// An empty index; it grows with the first messages and then stays.
    pub fn new() -> Self {
        Self::with_kernel(Kernel::best())
    }

    /// An index that is filled by that kernel, for tests and benchmarks of kernels.
    #[doc(hidden)]
    pub fn with_kernel(kernel: Kernel) -> Self {
        Self {
            segments: Vec::new(),
            tape: Vec::new(),
            marked: 0,
            line_ends: Box::default(),
            kernel,
        }
    }

    /// Where the mark at that place of the tape stands in the message.
    pub(crate) fn mark(&self, place: u32) -> u32 {
        self.tape[place as usize]
    }

    /// The mark so many places behind one of the tape, and the next.
    #[inline]
    pub(crate) fn neighbours(&self, first: u32, behind: usize) -> [u32; 2] {
        let place = first as usize + behind;
        [self.tape[place], self.tape[place + 1]]
    }

    /// The marks from one place of the tape up to another.
    pub(crate) fn marks(&self, first: u32, behind: u32) -> &[u32] {
        &self.tape[first as usize..behind as usize]
    }

    pub(super) fn clear(&mut self) {
        self.segments.clear();
        self.marked = 0;
    }

    /// Makes room for `places` more marks. Doubles up to the limit, so that growing stays rare and the tape bounded.
    pub(super) fn reserve(&mut self, places: usize) {
        let needed = self.marked + places;
        if self.tape.len() < needed {
            let length = needed.max((2 * self.tape.len()).min(MAX_TAPE));
            self.tape.reserve_exact(length - self.tape.len());
            self.tape.resize(length, 0);
        }
        if self.line_ends.is_empty() {
            self.line_ends = vec![0; CHUNK_BYTES + SPARE_PLACES].into_boxed_slice();
        }
    }
}

impl Default for Index {
    fn default() -> Self {
        Self::new()
    }
}
