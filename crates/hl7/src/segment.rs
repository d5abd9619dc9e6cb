use crate::field::Field;
use crate::index::{SegmentEntry, SegmentName};
use crate::message::Message;

/// One segment of a message: a name and fields. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) ordinal: usize,
    pub(crate) entry: SegmentEntry,
}

impl<'a> Segment<'a> {
    /// Its three-character name.
    pub fn name(&self) -> &'a str {
        // Checked to be three ASCII letters or digits when the message was parsed.
        std::str::from_utf8(&self.raw()[..3]).unwrap_or_default()
    }

    /// Its place in the message, counted from 0.
    pub fn ordinal(&self) -> usize {
        self.ordinal
    }

    /// Offset of its first byte in the message.
    pub fn offset(&self) -> usize {
        self.entry.start as usize
    }

    /// Its bytes, name first, without the line end.
    pub fn raw(&self) -> &'a [u8] {
        &self.message.bytes[self.entry.start as usize..self.end() as usize]
    }

    /// The field of that number, counted from 1; [`Absent`](crate::Presence::Absent) beyond the last one and for 0.
    ///
    /// MSH-1 is the field separator itself and MSH-2 the other delimiters (likewise in FHS and BHS), so that numbers
    /// are the standard's everywhere.
    #[inline]
    pub fn field(&self, number: usize) -> Field<'a> {
        let reading = self.message.reading;
        let between = |start: u32, end: u32| {
            let text = &self.message.bytes[start as usize..];
            Field::split(text, (end - start) as usize, start as usize, reading)
        };
        let absent = || Field::absent(self.end() as usize, reading);
        let declares = self.declares_delimiters();
        // MSH-1 stands in the separator behind the name, if the segment has one.
        let Some(place) = number.checked_sub(if declares { 2 } else { 1 }) else {
            if declares && number == 1 && self.entry.first < self.entry.last {
                let at = self.message.index.mark(self.entry.first);
                return between(at, at + 1).literal();
            }
            return absent();
        };
        // Between two marks; the last is the segment's end.
        if place >= (self.entry.last - self.entry.first) as usize {
            return absent();
        }
        let [separator, end] = self.message.index.neighbours(self.entry.first, place);
        let field = between(separator + 1, end);
        if declares && place == 0 {
            field.literal()
        } else {
            field
        }
    }

    /// All fields from number 1 on.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'a>> + use<'a> {
        let segment = *self;
        (0..segment.field_count()).map(move |place| segment.field(place + 1))
    }

    /// The number of the last field that is there, whether empty or not.
    pub fn field_count(&self) -> usize {
        match self.entry.last - self.entry.first {
            0 => 0,
            separators => separators as usize + usize::from(self.declares_delimiters()),
        }
    }

    #[inline]
    fn declares_delimiters(&self) -> bool {
        const DECLARING: [SegmentName; 3] = [
            SegmentName::new(*b"MSH"),
            SegmentName::new(*b"FHS"),
            SegmentName::new(*b"BHS"),
        ];
        DECLARING.contains(&self.entry.name)
    }

    #[inline]
    fn end(&self) -> u32 {
        self.message.index.mark(self.entry.last)
    }
}
