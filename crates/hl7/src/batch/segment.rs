use std::fmt;

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::field::Field;
use crate::reading::Reading;

/// FHS, BHS, BTS or FTS (HL7 v2.9 §2.14). Headers declare delimiters of their own, which hold up to the trailer.
#[derive(Clone, Copy)]
pub struct BatchSegment<'a> {
    pub(super) raw: &'a [u8],
    pub(super) offset: usize,
    pub(super) reading: Reading,
}

impl<'a> BatchSegment<'a> {
    pub(super) fn header(raw: &'a [u8], offset: usize) -> Self {
        let delimiters = Delimiters::read(raw, 0).unwrap_or(Delimiters::RECOMMENDED);
        Self {
            raw,
            offset,
            // There is no field that could say otherwise.
            reading: Reading::new(delimiters, Charset::Utf8),
        }
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        std::str::from_utf8(&self.raw[..3]).unwrap_or_default()
    }

    /// Its bytes without the line end.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Offset of its first byte in the file.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The field of that number, counted from 1 and as the standard counts: FHS-1 and BHS-1 are the field separator.
    ///
    /// FHS-9 and BHS-9 name file and batch, FHS-11 and BHS-11 are their control ids, BTS-1 and FTS-1 the counts.
    pub fn field(&self, number: usize) -> Field<'a> {
        let declares = matches!(self.name(), "FHS" | "BHS");
        let field = |raw: &'a [u8]| {
            let start = raw.as_ptr() as usize - self.raw.as_ptr() as usize;
            Field::split(raw, raw.len(), self.offset + start, self.reading.pack())
        };
        let absent = Field::absent(self.offset + self.raw.len(), self.reading.pack());
        if declares && number == 1 {
            let separator = self.raw.get(3..4);
            return separator.map_or(absent, |separator| field(separator).literal());
        }
        let Some(place) = number
            .checked_sub(usize::from(declares))
            .filter(|at| *at > 0)
        else {
            return absent;
        };
        let separator = self.reading.delimiters.field;
        match self.raw.split(|&byte| byte == separator).nth(place) {
            Some(raw) if declares && number == 2 => field(raw).literal(),
            Some(raw) => field(raw),
            None => absent,
        }
    }
}

/// Without content, for logs.
impl fmt::Debug for BatchSegment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSegment")
            .field("name", &self.name())
            .field("offset", &self.offset)
            .field("bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}
