use std::borrow::Cow;
use std::fmt;

use crate::charset::{Charset, Shift};
use crate::delimiters::Delimiters;
use crate::edit::encode::encode;
use crate::edit::error::{EditError, EditErrorKind};
use crate::edit::place::Place;
use crate::message::Message;
use crate::path::Path;
use crate::reading::Reading;
use crate::scan;

/// A message to be changed or built, and then written.
///
/// ```
/// use kiln_hl7::{Draft, Index, Message};
///
/// let bytes = b"MSH|^~\\&|LAB|NORTH\nPID|1||4711^^^NORTH^MR||Marlow^Ida\nPV1|1|I\n";
/// let mut index = Index::new();
/// let mut draft = Draft::from(Message::parse(bytes, &mut index)?);
/// draft.set(&"PID-3[2].1".parse()?, "88|1")?;
/// draft.set(&"PID-5.2".parse()?, "Ada")?;
/// draft.insert_segment(2, "NTE|1||seen")?;
/// assert_eq!(
///     draft.to_bytes(),
///     b"MSH|^~\\&|LAB|NORTH\nPID|1||4711^^^NORTH^MR~88\\F\\1||Marlow^Ada\nNTE|1||seen\nPV1|1|I\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is not touched stays byte for byte: blank lines, line ends, unusual escapes, trailing delimiters. Untouched
/// segments are borrowed; a change copies its own segment, once. What lies beyond the end of a segment, field or
/// component is reached by writing the delimiters that lack. An edit that fails changes nothing.
#[derive(Clone)]
pub struct Draft<'a> {
    /// What stood before MSH.
    leading: &'a [u8],
    lines: Vec<Line<'a>>,
    reading: Reading,
}

#[derive(Clone)]
struct Line<'a> {
    segment: Cow<'a, [u8]>,
    /// The line end, and blank lines up to the next segment.
    end: Cow<'a, [u8]>,
}

/// Without content, for logs.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("segments", &self.lines.len())
            .field("charset", &self.reading.charset)
            .finish_non_exhaustive()
    }
}

impl<'a> From<Message<'a>> for Draft<'a> {
    fn from(message: Message<'a>) -> Self {
        let bytes = message.bytes();
        let next = message
            .segments()
            .skip(1)
            .map(|segment| segment.offset())
            .chain([bytes.len()]);
        let lines = message
            .segments()
            .zip(next)
            .map(|(segment, next)| Line {
                segment: Cow::Borrowed(segment.raw()),
                end: Cow::Borrowed(&bytes[segment.offset() + segment.raw().len()..next]),
            })
            .collect();
        Self {
            leading: &bytes[..message.msh().offset()],
            lines,
            reading: message.reading.unpack(),
        }
    }
}

impl Draft<'_> {
    /// A new message of nothing but an MSH segment with its delimiters, and MSH-18 unless that is ASCII (what a
    /// message without MSH-18 is in). Segments end in CR.
    pub fn new(delimiters: Delimiters, charset: Charset) -> Self {
        let mut draft = Self::begin(delimiters, charset);
        if charset != Charset::Ascii {
            draft.put(0, Place::field(18), charset.name().as_bytes());
        }
        draft
    }

    /// MSH with its delimiters only.
    pub(crate) fn begin(delimiters: Delimiters, charset: Charset) -> Self {
        let mut msh = b"MSH".to_vec();
        msh.extend([delimiters.field, delimiters.component]);
        let rest = [
            delimiters.repetition,
            delimiters.escape,
            delimiters.subcomponent,
            delimiters.truncation,
        ];
        msh.extend(rest.into_iter().flatten());
        Self {
            leading: b"",
            lines: vec![Line {
                segment: Cow::Owned(msh),
                end: Cow::Borrowed(b"\r"),
            }],
            reading: Reading::new(delimiters, charset),
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        self.reading
    }

    /// How many segments there are; at least one.
    pub fn segment_count(&self) -> usize {
        self.lines.len()
    }

    /// The place in the message, counted from 0 (MSH), of the `occurrence`th (from 1) segment of that name.
    pub fn ordinal(&self, name: &str, occurrence: usize) -> Option<usize> {
        self.lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.segment.get(..3) == Some(name.as_bytes()))
            .nth(occurrence.checked_sub(1)?)
            .map(|(ordinal, _)| ordinal)
    }

    /// Makes the value at a path this text: written in the message's character set, with escape sequences for what
    /// would be taken for a delimiter. Reading the value gives the text again; an empty text leaves the place empty.
    ///
    /// A path without component means the whole repetition.
    pub fn set(&mut self, path: &Path, text: &str) -> Result<(), EditError> {
        let mut value = Vec::with_capacity(text.len());
        encode(text, self.reading, &mut value).map_err(|kind| kind.at(path))?;
        self.change(path, Place::of(path), &value)
    }

    /// Makes the value at a path null (`""`): the receiver is to delete what it has.
    pub fn set_null(&mut self, path: &Path) -> Result<(), EditError> {
        self.change(path, Place::of(path), b"\"\"")
    }

    /// Makes the value at a path these bytes as they are to be sent, in the message's delimiters and character set:
    /// a repetition may bring its components, a component its subcomponents.
    pub fn set_raw(&mut self, path: &Path, raw: &[u8]) -> Result<(), EditError> {
        let place = Place::of(path);
        self.check(raw, &place.forbidden(self.reading))
            .map_err(|kind| kind.at(path))?;
        self.change(path, place, raw)
    }

    /// Makes a whole field these bytes, all repetitions; only segment and field of the path matter.
    pub fn set_field_raw(&mut self, path: &Path, raw: &[u8]) -> Result<(), EditError> {
        let place = Place::field(path.field());
        self.check(raw, &place.forbidden(self.reading))
            .map_err(|kind| kind.at(path))?;
        self.change(path, place, raw)
    }

    /// Puts a segment at a place in the message, counted from 0 (MSH); what stood there and behind moves on. A
    /// place beyond the end means the end.
    ///
    /// The segment is a name alone (`PV1`), or raw with its fields (`NTE|1||seen`).
    pub fn insert_segment(
        &mut self,
        ordinal: usize,
        raw: impl AsRef<[u8]>,
    ) -> Result<(), EditError> {
        let raw = raw.as_ref();
        if ordinal == 0 || raw.starts_with(b"MSH") {
            return Err(EditErrorKind::HeaderPlace.whole());
        }
        if !scan::is_segment(raw, self.reading.delimiters.field) {
            return Err(EditErrorKind::BadSegmentName.whole());
        }
        self.check(raw, b"\r\n").map_err(EditErrorKind::whole)?;
        self.push_at(ordinal, raw.to_vec());
        Ok(())
    }

    /// Puts a segment at the end.
    pub fn push_segment(&mut self, raw: impl AsRef<[u8]>) -> Result<(), EditError> {
        self.insert_segment(self.lines.len(), raw)
    }

    /// Takes out the segment at a place in the message, with its line end.
    pub fn remove_segment(&mut self, ordinal: usize) -> Result<(), EditError> {
        match ordinal {
            0 => Err(EditErrorKind::HeaderPlace.whole()),
            _ if ordinal >= self.lines.len() => Err(EditErrorKind::NoSegment.whole()),
            _ => {
                self.lines.remove(ordinal);
                Ok(())
            }
        }
    }

    /// Appends the message to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.leading);
        for line in &self.lines {
            out.extend(&line.segment[..]);
            out.extend(&line.end[..]);
        }
    }

    /// The message.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn change(&mut self, path: &Path, place: Place, value: &[u8]) -> Result<(), EditError> {
        let declares = matches!(path.segment(), "MSH" | "FHS" | "BHS");
        let charsets = path.segment() == "MSH" && matches!(path.field(), 18 | 20);
        if (declares && path.field() <= 2) || charsets {
            return Err(EditErrorKind::Declaration.at(path));
        }
        let ordinal = self
            .ordinal(path.segment(), path.occurrence())
            .ok_or(EditErrorKind::NoSegment.at(path))?;
        self.splice(ordinal, place, value)
            .map_err(|kind| kind.at(path))
    }

    /// Puts a value where it belongs in an acknowledgment; one that cannot stand there is left out.
    pub(crate) fn put(&mut self, ordinal: usize, place: Place, value: &[u8]) {
        let _ = self.splice(ordinal, place, value);
    }

    fn splice(&mut self, ordinal: usize, place: Place, value: &[u8]) -> Result<(), EditErrorKind> {
        let reading = self.reading;
        let segment = &mut self.lines[ordinal].segment;
        let (range, mut written) = place.find(segment, reading)?;
        written.extend(value);
        if !reading.has_lookalikes() {
            segment.to_mut().splice(range, written);
            return Ok(());
        }
        // The first byte of a character without its second would take the delimiter behind it for that.
        let field = reading.delimiters.field;
        let closed = [value, &[field]].concat();
        let mut changed = segment.to_vec();
        changed.splice(range, written);
        let (found, padding) = place.find(&changed, reading)?;
        let whole = scan::find(&closed, field, reading) == Some(value.len());
        if !whole || !padding.is_empty() || changed[found] != *value {
            return Err(EditErrorKind::CutCharacter);
        }
        *segment = Cow::Owned(changed);
        Ok(())
    }

    pub(crate) fn push_at(&mut self, ordinal: usize, segment: Vec<u8>) {
        let ordinal = ordinal.min(self.lines.len());
        let line_end = line_end(&self.lines[0].end);
        let before = &mut self.lines[ordinal - 1].end;
        // A message that ended without one still does.
        let end: &[u8] = if before.is_empty() { b"" } else { line_end };
        if !before.ends_with(b"\r") && !before.ends_with(b"\n") {
            before.to_mut().extend(line_end);
        }
        let segment = Cow::Owned(segment);
        let end = Cow::Borrowed(end);
        self.lines.insert(ordinal, Line { segment, end });
    }

    /// Whether raw bytes hold none of the forbidden ones and are in the character set.
    fn check(&self, raw: &[u8], forbidden: &[u8]) -> Result<(), EditErrorKind> {
        let reading = self.reading;
        let charset = reading.charset;
        let first = forbidden
            .iter()
            .filter_map(|&byte| scan::find(raw, byte, reading))
            .min();
        if let Some(offset) = first {
            return Err(EditErrorKind::Delimiter { offset });
        }
        Shift::new(charset, reading.switches)
            .decode(raw, &reading.delimiters, &mut String::new())
            .map_err(|offset| EditErrorKind::Charset { charset, offset })
    }
}

/// The line end that a message uses, CR where it shows none.
fn line_end(end: &[u8]) -> &'static [u8] {
    match end {
        [b'\r', b'\n', ..] => b"\r\n",
        [b'\n', ..] => b"\n",
        _ => b"\r",
    }
}
