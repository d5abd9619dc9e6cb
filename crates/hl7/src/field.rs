use crate::reading::PackedReading;
use crate::value::{Level, Presence, Value};

/// One field of a segment: one or more repetitions. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Field<'a> {
    /// The whole field, at the level of its only or first repetition.
    whole: Value<'a>,
}

impl<'a> Field<'a> {
    /// The first `length` bytes of `text`.
    #[inline]
    pub(crate) fn split(
        text: &'a [u8],
        length: usize,
        offset: usize,
        reading: PackedReading,
    ) -> Self {
        Self {
            whole: Value::new(text, length, offset, Level::Repetition, reading),
        }
    }

    /// MSH-1 and MSH-2, which hold delimiters and are not split by them.
    #[inline]
    pub(crate) fn literal(self) -> Self {
        Self {
            whole: self.whole.literal(),
        }
    }

    #[inline]
    pub(crate) fn absent(offset: usize, reading: PackedReading) -> Self {
        Self {
            whole: Value::absent(offset, Level::Repetition, reading),
        }
    }

    /// The repetitions in order; none when the field is absent, one when it is empty.
    pub fn repetitions(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.whole.repetitions()
    }

    /// The repetition of that number, counted from 1; absent beyond the last.
    #[inline]
    pub fn repetition(&self, number: usize) -> Value<'a> {
        self.whole.repetition(number)
    }

    /// How many repetitions there are.
    pub fn repetition_count(&self) -> usize {
        self.repetitions().count()
    }

    /// A component of the first repetition, counted from 1.
    #[inline]
    pub fn component(&self, number: usize) -> Value<'a> {
        self.whole.component_of_first(number)
    }

    /// The first repetition.
    #[inline]
    pub fn value(&self) -> Value<'a> {
        self.repetition(1)
    }

    /// Whether the field was sent, and what of it.
    pub fn presence(&self) -> Presence {
        self.whole.presence()
    }

    /// Whether it holds something other than nothing and null.
    pub fn is_valued(&self) -> bool {
        self.whole.is_valued()
    }

    /// Its bytes as sent, all repetitions.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        self.whole.raw()
    }

    /// Offset of its first byte in the message.
    pub fn offset(&self) -> usize {
        self.whole.offset()
    }
}
