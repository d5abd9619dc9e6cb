use std::fmt;

use crate::charset::{Charset, is_utf16};
use crate::conformance::Conformance;
use crate::delimiters::Delimiters;
use crate::error::{ParseError, ParseErrorKind};
use crate::header::Header;
use crate::index::{self, Index, SegmentName, Text};
use crate::path::Path;
use crate::reading::{PackedReading, Reading};
use crate::segment::Segment;
use crate::value::{Level, Value};

/// The UTF-8 byte order mark that some senders put first.
pub(crate) const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An HL7v2 message: a view of bytes that the caller holds. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) index: &'a Index,
    pub(crate) reading: PackedReading,
}

/// Without content, for logs.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("bytes", &self.bytes.len())
            .field("segments", &self.segment_count())
            .field("charset", &self.charset())
            .finish()
    }
}

/// What [`Message::parse_with`] assumes where the message itself says nothing.
#[derive(Debug, Clone, Copy)]
pub struct ParseOptions {
    /// The character set of a message without MSH-18.
    pub default_charset: Charset,
    /// Whether deviations from the encoding rules are tolerated.
    pub conformance: Conformance,
}

impl Default for ParseOptions {
    fn default() -> Self {
        Self {
            default_charset: Charset::Utf8,
            conformance: Conformance::Tolerant,
        }
    }
}

impl<'a> Message<'a> {
    /// Reads a message; one without MSH-18 is taken for UTF-8.
    ///
    /// Segments may end in CR (the standard's), LF or CRLF; a byte order mark, blank lines and blanks before MSH are
    /// tolerated. A message in ASCII or UTF-8 is checked as a whole.
    pub fn parse(bytes: &'a [u8], index: &'a mut Index) -> Result<Self, ParseError> {
        Self::parse_with(bytes, index, ParseOptions::default())
    }

    /// Reads a message, with the site's own assumptions. With [`Conformance::Strict`] it is refused for the first of its
    /// [`deviations`](Self::deviations).
    pub fn parse_with(
        bytes: &'a [u8],
        index: &'a mut Index,
        options: ParseOptions,
    ) -> Result<Self, ParseError> {
        let message = Self::read(bytes, index, options.default_charset)?;
        if options.conformance == Conformance::Strict
            && let Some(first) = message.deviations().next()
        {
            return Err(ParseError {
                kind: ParseErrorKind::Deviation { code: first.code },
                offset: first.offset,
            });
        }
        Ok(message)
    }

    /// Reads what was refused for its text as if every byte were a character: only to find places.
    pub(crate) fn parse_unchecked(
        bytes: &'a [u8],
        index: &'a mut Index,
    ) -> Result<Self, ParseError> {
        let start = start_of_text(bytes);
        let delimiters = Delimiters::read(bytes, start)?;
        index::fill(bytes, start, delimiters.field, index)?;
        Ok(Self {
            bytes,
            index,
            reading: Reading::new(delimiters, Charset::Latin1).pack(),
        })
    }

    fn read(
        bytes: &'a [u8],
        index: &'a mut Index,
        default_charset: Charset,
    ) -> Result<Self, ParseError> {
        let at = |offset, kind| Err(ParseError { kind, offset });
        if u32::try_from(bytes.len()).is_err() {
            return at(u32::MAX as usize, ParseErrorKind::TooLong);
        }
        let start = start_of_text(bytes);
        let text = &bytes[start..];
        if text.is_empty() {
            return at(start, ParseErrorKind::Empty);
        }
        if !text.starts_with(b"MSH") {
            return if is_utf16(bytes) {
                at(0, ParseErrorKind::Utf16)
            } else {
                at(start, ParseErrorKind::NoMsh)
            };
        }
        let delimiters = Delimiters::read(bytes, start)?;
        let filled = index::fill(bytes, start, delimiters.field, index);
        let declared = Declaration::read(bytes, index);
        let reading = declared.reading(bytes, delimiters, default_charset)?;
        let charset = reading.charset;
        // ASCII from MSH on is text in every character set, unless it hides others.
        let plain = filled == Ok(Text::Ascii) && start == 0;
        // Where values switch, each is in its own sets, and is checked when it is read.
        if !plain
            && !reading.switches
            && let Err(offset) = charset.check(bytes)
        {
            return at(offset, ParseErrorKind::InvalidText { charset });
        }
        if !reading.has_lookalikes() || (plain && !reading.switches) {
            filled?;
        } else {
            index::fill_around_lookalikes(bytes, start, reading, index)?;
        }
        let message = Self {
            bytes,
            index,
            reading: reading.pack(),
        };
        if reading.has_lookalikes() {
            // What looks like a separator and is none, before them, moves these fields once that is known.
            for (number, declared) in [(18, declared.charsets), (20, declared.scheme)] {
                let read = message.msh().field(number);
                if read.raw() != declared {
                    return at(read.offset(), ParseErrorKind::UnknownCharset);
                }
            }
        }
        Ok(message)
    }

    /// The bytes that were parsed, whole.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The whole message as text, where its bytes are its text and each delimiter is one; escape sequences are left as
    /// they are.
    pub fn plain_text(&self) -> Option<&'a str> {
        let Reading {
            charset, switches, ..
        } = self.reading.unpack();
        let same = (charset.is_utf8() || charset == Charset::Ascii) && !switches;
        same.then(|| std::str::from_utf8(self.bytes).ok()).flatten()
    }

    /// The bytes of that range as one value without parts, for callers that split the message themselves.
    pub fn value_at(&self, range: std::ops::Range<usize>) -> Value<'a> {
        let (start, level, reading) = (range.start, Level::Subcomponent, self.reading);
        match self.bytes.get(range) {
            Some(raw) => Value::new(raw, raw.len(), start, level, reading),
            None => Value::absent(start, level, reading),
        }
    }

    /// MSH-1 and MSH-2.
    pub fn delimiters(&self) -> Delimiters {
        self.reading.unpack().delimiters
    }

    /// The character set in use: MSH-18's first, or the default.
    pub fn charset(&self) -> Charset {
        self.reading.unpack().charset
    }

    /// All segments in order, MSH first.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'a>> + use<'a> {
        let message = *self;
        message
            .index
            .segments
            .iter()
            .enumerate()
            .map(move |(ordinal, &entry)| Segment {
                message,
                ordinal,
                entry,
            })
    }

    /// How many segments there are; at least one.
    pub fn segment_count(&self) -> usize {
        self.index.segments.len()
    }

    /// The segment at a place in the message, counted from 0 (MSH).
    #[inline]
    pub fn segment_at(&self, ordinal: usize) -> Option<Segment<'a>> {
        self.index.segments.get(ordinal).map(|&entry| Segment {
            message: *self,
            ordinal,
            entry,
        })
    }

    /// The first segment of that name.
    #[inline]
    pub fn segment(&self, name: &str) -> Option<Segment<'a>> {
        let name = SegmentName::of(name)?;
        let mut entries = self.index.segments.iter();
        self.segment_at(entries.position(|entry| entry.name == name)?)
    }

    /// All segments of that name in order.
    pub fn segments_named<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = Segment<'a>> + use<'a, 'n> {
        let name = SegmentName::of(name);
        self.segments()
            .filter(move |segment| Some(segment.entry.name) == name)
    }

    /// The MSH segment.
    #[expect(
        clippy::missing_panics_doc,
        reason = "cannot happen: parse succeeds only on a message with MSH"
    )]
    pub fn msh(&self) -> Segment<'a> {
        self.segment_at(0)
            .expect("parse accepts no message without MSH")
    }

    /// The value at a path; `None` when the message has no such segment. A value that the segment does not reach is
    /// there and says [`Absent`](crate::Presence::Absent).
    pub fn get(&self, path: &Path) -> Option<Value<'a>> {
        let segment = self
            .segments_named(path.segment())
            .nth(path.occurrence() - 1)?;
        let repetition = segment.field(path.field()).repetition(path.repetition());
        Some(match (path.component(), path.subcomponent()) {
            (None, _) => repetition,
            (Some(component), None) => repetition.part(component),
            (Some(component), Some(subcomponent)) => repetition.part(component).part(subcomponent),
        })
    }

    /// MSH by the names of its fields.
    pub fn header(&self) -> Header<'a> {
        Header { msh: self.msh() }
    }
}

/// Where the text begins, after a byte order mark, blank lines and blanks.
pub(crate) fn start_of_text(bytes: &[u8]) -> usize {
    let mark = if bytes.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len()
    } else {
        0
    };
    mark + bytes[mark..]
        .iter()
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

/// What MSH says about character sets, read before they are known.
struct Declaration<'a> {
    /// MSH-18. Its first repetition is the message's; further ones announce that values switch to others.
    charsets: &'a [u8],
    /// MSH-20, how they switch.
    scheme: &'a [u8],
}

impl<'a> Declaration<'a> {
    /// From an index in which every byte that looks like a delimiter is one.
    fn read(bytes: &'a [u8], index: &Index) -> Self {
        let marks = index
            .segments
            .first()
            .map_or(&[][..], |msh| index.marks(msh.first, msh.last + 1));
        // MSH-1 is the first separator itself, so that MSH-n lies behind mark n - 2, counted from 0.
        let field = |number: usize| match marks.get(number - 2..) {
            Some(&[separator, end, ..]) => &bytes[separator as usize + 1..end as usize],
            _ => &[],
        };
        Self {
            charsets: field(18),
            scheme: field(20),
        }
    }

    fn reading(
        &self,
        bytes: &[u8],
        delimiters: Delimiters,
        default_charset: Charset,
    ) -> Result<Reading, ParseError> {
        if self.charsets == b"UNICODE UTF-8" && self.scheme.is_empty() {
            // What most declare, without a search.
            return Ok(Reading::new(delimiters, Charset::Utf8));
        }
        let offset = (self.charsets.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
        let unknown = ParseError {
            kind: ParseErrorKind::UnknownCharset,
            offset,
        };
        let mut reading = Reading::new(delimiters, default_charset);
        let mut others = false;
        for (place, name) in self
            .charsets
            .split(|&byte| Some(byte) == delimiters.repetition)
            .enumerate()
        {
            let name = std::str::from_utf8(name).map_err(|_| unknown)?.trim();
            if name.is_empty() || name == "\"\"" {
                continue;
            }
            let known = Charset::from_name(name).ok_or(unknown)?;
            if place == 0 {
                reading = Reading::new(delimiters, known);
            }
            others |= known != reading.charset;
        }
        reading.switches |= others || self.scheme.starts_with(b"ISO 2022");
        Ok(reading)
    }
}
