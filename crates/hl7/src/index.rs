/// Most segments in one message. A day's batch belongs into a file of many messages, not into one message.
pub const MAX_SEGMENTS: usize = 1 << 18;

/// Most field separators in one message; bounds the index to 16 MiB whatever a message holds.
pub const MAX_FIELD_SEPARATORS: usize = 1 << 22;

/// The places of a message's segments and fields, in storage that the caller keeps and reuses.
///
/// ```text
/// bytes     MSH|^~\&|LAB ... ␍ PID|1||4711 ...
/// segments  [start end first-separator last-separator] [...]
/// tape      3 8 12 ...           |        └ 81 83 84 ...
/// ```
///
/// One pass fills both; a field is then found by two reads of the tape.
#[derive(Debug, Default)]
pub struct Index {
    pub(crate) segments: Vec<SegmentEntry>,
    /// Offset of each field separator, message order.
    pub(crate) tape: Vec<u32>,
}

/// One segment: its bytes without the line end, and its part of the tape.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentEntry {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) first_separator: u32,
    pub(crate) last_separator: u32,
}

impl Index {
    /// An empty index; it grows with the first messages and then stays.
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.tape.clear();
    }
}
