/// A value is not of its type. Never carries content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected} (at byte {offset})")]
pub struct TypeError {
    pub(super) expected: &'static str,
    pub(super) offset: usize,
}

impl TypeError {
    /// Offset of the first byte that does not fit: in the message, or in the text where a text was read.
    pub fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn behind(self, begin: usize) -> Self {
        Self {
            offset: begin + self.offset,
            ..self
        }
    }
}
