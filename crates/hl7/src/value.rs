use std::borrow::Cow;
use std::fmt;

use crate::charset::ESC;
use crate::error::TextError;
use crate::escape::{self, Piece};
use crate::reading::{PackedReading, Reading};
use crate::scan::{self, Part};

/// A repetition, a component or a subcomponent. It knows which it is and splits lazily. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    /// From its first byte on: what follows lets short values be searched in one step.
    text: &'a [u8],
    /// How many bytes of the text are its own.
    length: usize,
    /// Of its first byte in the message.
    offset: usize,
    level: Level,
    kind: Kind,
    reading: PackedReading,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By the delimiters in it.
    Divided,
    /// Delimiters in it are data (MSH-1, MSH-2).
    Literal,
    /// It was not sent.
    Absent,
}

/// How deep in a field a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// One repetition of a field.
    Repetition,
    /// A component of a repetition.
    Component,
    /// A subcomponent of a component, the deepest level.
    Subcomponent,
}

/// Whether a value was sent (HL7 v2.9 §2.5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Presence {
    /// Not there: the segment, field or component ends before it.
    Absent,
    /// Its place is there and holds nothing; the receiver keeps what it has.
    Empty,
    /// `""`: the receiver deletes what it has.
    Null,
    /// It holds something.
    Valued,
}

impl<'a> Value<'a> {
    /// The first `length` bytes of `text`.
    #[inline]
    pub(crate) fn new(
        text: &'a [u8],
        length: usize,
        offset: usize,
        level: Level,
        reading: PackedReading,
    ) -> Self {
        Self {
            text,
            length,
            offset,
            level,
            kind: Kind::Divided,
            reading,
        }
    }

    /// One that was not sent, where it would stand.
    #[inline]
    pub(crate) fn absent(offset: usize, level: Level, reading: PackedReading) -> Self {
        Self {
            kind: Kind::Absent,
            ..Self::new(&[], 0, offset, level, reading)
        }
    }

    pub(crate) fn literal(self) -> Self {
        Self {
            kind: Kind::Literal,
            ..self
        }
    }

    /// Whether delimiters in it are data.
    pub(crate) fn is_literal(&self) -> bool {
        self.kind == Kind::Literal
    }

    /// Which of the three levels it is at.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The part of that number, counted from 1: a component of a repetition, a subcomponent of a component.
    ///
    /// Part 1 of a value that is not divided is the value itself, one level deeper; a part beyond the last is absent.
    #[must_use]
    #[inline]
    pub fn part(&self, number: usize) -> Value<'a> {
        self.nth(self.divider(), None, self.level.deeper(), number)
    }

    /// The parts in order; none of an absent value, one of an undivided one.
    pub fn parts(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.split(self.divider(), self.level.deeper())
    }

    /// What divides it into parts.
    #[inline]
    fn divider(&self) -> Option<u8> {
        match self.level {
            Level::Repetition => Some(self.reading.component()),
            Level::Component => self.reading.subcomponent(),
            Level::Subcomponent => None,
        }
    }

    #[inline]
    pub(crate) fn repetition(&self, number: usize) -> Value<'a> {
        let delimiter = self.reading.repetition();
        self.nth(delimiter, None, Level::Repetition, number)
    }

    /// A component of the first repetition of a whole field.
    #[inline]
    pub(crate) fn component_of_first(&self, number: usize) -> Value<'a> {
        let (component, repetition) = (self.reading.component(), self.reading.repetition());
        self.nth(Some(component), repetition, Level::Component, number)
    }

    pub(crate) fn repetitions(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        self.split(self.reading.repetition(), Level::Repetition)
    }

    /// Whether it was sent, and what of it.
    pub fn presence(&self) -> Presence {
        match self.raw() {
            _ if self.kind == Kind::Absent => Presence::Absent,
            b"" => Presence::Empty,
            b"\"\"" => Presence::Null,
            _ => Presence::Valued,
        }
    }

    /// Whether it holds something other than nothing and null.
    pub fn is_valued(&self) -> bool {
        self.presence() == Presence::Valued
    }

    /// Its bytes as sent.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        &self.text[..self.length]
    }

    /// Offset of its first byte in the message; where it would stand when it is absent.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Its text: the character set decoded, escapes resolved (see the [crate] page). Borrowed when there is nothing to do.
    ///
    /// Delimiters of a deeper level stay in the text. An unknown or unfinished escape stays as written, and so does
    /// `\Z..\`. Of formatting commands, what ends a line gives a line feed and skipped columns give blanks;
    /// [`pieces`](Self::pieces) tells all of them.
    pub fn text(&self) -> Result<Cow<'a, str>, TextError> {
        if let Some(text) = self.borrowed() {
            return Ok(Cow::Borrowed(text));
        }
        let mut out = String::with_capacity(self.length);
        self.decode(&mut out)?;
        Ok(Cow::Owned(out))
    }

    /// Like [`text`](Self::text), in a buffer of the caller's where one is needed: no allocation once it is large enough.
    pub fn text_in<'s>(&self, scratch: &'s mut String) -> Result<&'s str, TextError>
    where
        'a: 's,
    {
        if let Some(text) = self.borrowed() {
            return Ok(text);
        }
        scratch.clear();
        self.decode(scratch)?;
        Ok(scratch)
    }

    /// Formatted text (FT), cut at what says how to show it: indents, highlighting, local sequences. The first value
    /// that cannot be decoded ends it.
    ///
    /// ```
    /// use kiln_hl7::{Format, Index, Message, Piece};
    ///
    /// let mut index = Index::new();
    /// let message = Message::parse(b"MSH|^~\\&|A\rNTE|1||\\.in+4\\a \\H\\b\\N\\\\.br\\c\r", &mut index)?;
    /// let note = message.segment("NTE").unwrap().field(3).value();
    /// let pieces: Vec<Piece> = note.pieces().collect::<Result<_, _>>()?;
    /// let text = |text: &str| Piece::Text(text.to_owned());
    /// assert_eq!(pieces, [
    ///     Piece::Format(Format::Indent(4)),
    ///     text("a "), Piece::Highlight(true), text("b"), Piece::Highlight(false),
    ///     Piece::Format(Format::Break),
    ///     text("c"),
    /// ]);
    /// assert_eq!(note.text()?, "a b\nc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pieces(&self) -> impl Iterator<Item = Result<Piece<'a>, TextError>> + use<'a> {
        let (charset, offset) = (self.reading.unpack().charset, self.offset);
        let reading = self.text_reading();
        escape::pieces(self.raw(), reading).map(move |piece| {
            piece.map_err(|bad| TextError {
                charset,
                offset: offset + bad,
            })
        })
    }

    /// Whether the value was cut off at its end by the sender, who says so by the truncation character of MSH-2
    /// (HL7 v2.9 §2.5.5.2).
    pub fn is_truncated(&self) -> bool {
        let truncation = self.reading.unpack().delimiters.truncation;
        !self.is_literal() && truncation.is_some() && self.raw().last().copied() == truncation
    }

    /// How to read it: in MSH-2 the escape delimiter escapes nothing.
    fn text_reading(&self) -> Reading {
        let mut reading = self.reading.unpack();
        if self.is_literal() {
            reading.delimiters.escape = None;
        }
        reading
    }

    /// The bytes themselves, where they are the text.
    fn borrowed(&self) -> Option<&'a str> {
        let reading = self.text_reading();
        let plain = reading
            .delimiters
            .escape
            .is_none_or(|escape| memchr::memchr(escape, self.raw()).is_none());
        let same =
            reading.charset.is_utf8() || (reading.charset.extends_ascii() && self.raw().is_ascii());
        let switched = reading.switches && memchr::memchr(ESC, self.raw()).is_some();
        (plain && same && !switched)
            .then(|| std::str::from_utf8(self.raw()).ok())
            .flatten()
    }

    fn decode(&self, out: &mut String) -> Result<(), TextError> {
        escape::decode(self.raw(), self.text_reading(), out).map_err(|bad| TextError {
            charset: self.reading.unpack().charset,
            offset: self.offset + bad,
        })
    }

    /// The part of that number between delimiters, in what comes before `until`.
    #[expect(
        clippy::inline_always,
        reason = "what every read goes through: a call costs as much as finding the part"
    )]
    #[inline(always)]
    fn nth(
        &self,
        delimiter: Option<u8>,
        until: Option<u8>,
        level: Level,
        number: usize,
    ) -> Value<'a> {
        if let (Some(byte), Kind::Divided) = (delimiter, self.kind)
            && number > 0
            && !self.reading.has_lookalikes()
        {
            match scan::part(self.text, self.length, byte, number - 1, until) {
                Part::Between(start, end) => return self.within(start, end, level),
                Part::Missing(end) => return self.beyond(end, level),
                Part::Further => {}
            }
        }
        self.nth_of_unusual(delimiter, until, level, number)
    }

    /// [`nth`](Self::nth) of long values, of those that are not divided, and where bytes may look like delimiters.
    #[cold]
    fn nth_of_unusual(
        &self,
        delimiter: Option<u8>,
        until: Option<u8>,
        level: Level,
        number: usize,
    ) -> Value<'a> {
        let found = match delimiter {
            _ if number == 0 || self.kind == Kind::Absent => None,
            Some(byte) if self.kind == Kind::Divided => {
                scan::part_of_long(self.raw(), byte, number - 1, until, self.reading.unpack())
            }
            _ => (number == 1).then_some((0, self.length)),
        };
        match found {
            Some((start, end)) => self.within(start, end, level),
            None if until.is_some() => {
                let first = self.repetition(1);
                first.beyond(first.length, level)
            }
            None => self.beyond(self.length, level),
        }
    }

    #[inline]
    fn within(&self, start: usize, end: usize, level: Level) -> Self {
        Value {
            text: &self.text[start..],
            length: end - start,
            offset: self.offset + start,
            level,
            ..*self
        }
    }

    /// What is absent behind the first `end` bytes.
    #[inline]
    fn beyond(&self, end: usize, level: Level) -> Self {
        Value::absent(self.offset + end, level, self.reading)
    }

    fn split(
        &self,
        delimiter: Option<u8>,
        level: Level,
    ) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let whole = *self;
        let delimiter = delimiter.filter(|_| !whole.is_literal());
        let reading = whole.reading.unpack();
        let mut rest = (whole.kind != Kind::Absent).then_some(0);
        std::iter::from_fn(move || {
            let start = rest?;
            let behind = &whole.raw()[start..];
            let end = delimiter.and_then(|byte| scan::find(behind, byte, reading));
            rest = end.map(|end| start + end + 1);
            let end = start + end.unwrap_or(behind.len());
            Some(whole.within(start, end, level))
        })
    }
}

/// Without content, for logs.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value")
            .field("level", &self.level)
            .field("presence", &self.presence())
            .field("offset", &self.offset)
            .field("bytes", &self.length)
            .finish()
    }
}

impl Level {
    fn deeper(self) -> Self {
        match self {
            Self::Repetition => Self::Component,
            Self::Component | Self::Subcomponent => Self::Subcomponent,
        }
    }
}
