use super::kernel::{CHUNK_BYTES, SPARE_PLACES};
use super::storage::{Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS, SegmentEntry, SegmentName};
use crate::error::{ParseError, ParseErrorKind};
use crate::reading::Reading;
use crate::scan;

/// What kind of bytes a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Ascii,
    Other,
}

/// Indexes `bytes` from `start`, where MSH begins, and tells what they are from there on.
///
/// Every byte that looks like a delimiter is taken for one. On an error, what comes before it is indexed. Offsets fit:
/// the caller has checked the length.
pub(crate) fn fill(
    bytes: &[u8],
    start: usize,
    field: u8,
    index: &mut Index,
) -> Result<Text, ParseError> {
    index.clear();
    let mut lines = Lines::new(bytes, start, field);
    let mut text = Text::Ascii;
    let mut at = start;
    for chunk in bytes[start..].chunks(CHUNK_BYTES) {
        index.reserve(CHUNK_BYTES + SPARE_PLACES);
        let marked = index.kernel.mark(
            chunk,
            narrow(at),
            field,
            index.marked,
            &mut index.tape,
            &mut index.line_ends,
        );
        at += chunk.len();
        if marked.non_ascii {
            text = Text::Other;
        }
        index.marked += marked.marks;
        lines.end_at(marked.line_ends, index)?;
    }
    lines.finish(index)?;
    Ok(text)
}

/// Like [`fill`], where bytes that look like delimiters may be parts of characters.
pub(crate) fn fill_around_lookalikes(
    bytes: &[u8],
    start: usize,
    reading: Reading,
    index: &mut Index,
) -> Result<(), ParseError> {
    let field = reading.delimiters.field;
    index.clear();
    let mut lines = Lines::new(bytes, start, field);
    let mut at = start;
    while at < bytes.len() {
        let byte = bytes[at];
        let ends = matches!(byte, b'\r' | b'\n');
        if ends || byte == field {
            index.reserve(CHUNK_BYTES + SPARE_PLACES);
            index.tape[index.marked] = narrow(at);
            index.line_ends[0] = narrow(index.marked);
            index.marked += 1;
            lines.end_at(usize::from(ends), index)?;
        }
        at += 1 + scan::skip_lookalikes(&bytes[at..], reading);
    }
    lines.finish(index)
}

/// Makes segments of lines.
struct Lines<'a> {
    bytes: &'a [u8],
    field: u8,
    line: Line,
}

/// Where the line in hand begins, and the place on the tape of its first mark.
#[derive(Clone, Copy)]
struct Line {
    start: u32,
    first: u32,
}

impl<'a> Lines<'a> {
    fn new(bytes: &'a [u8], start: usize, field: u8) -> Self {
        Self {
            bytes,
            field,
            line: Line {
                start: narrow(start),
                first: 0,
            },
        }
    }

    /// Ends lines at the first `count` of the index's line ends.
    fn end_at(&mut self, count: usize, index: &mut Index) -> Result<(), ParseError> {
        if index.marked > MAX_FIELD_SEPARATORS {
            return self.end_at_limit(count, index);
        }
        let Index {
            segments,
            tape,
            line_ends,
            ..
        } = index;
        // In a variable of its own, which stays in registers.
        let mut line = self.line;
        for &last in &line_ends[..count] {
            line = self.end(line, last, tape, segments)?;
        }
        self.line = line;
        Ok(())
    }

    /// What comes before the limit counts, then the limit.
    #[cold]
    fn end_at_limit(&mut self, count: usize, index: &mut Index) -> Result<(), ParseError> {
        for place in 0..count {
            let last = index.line_ends[place];
            if (last as usize) < MAX_FIELD_SEPARATORS {
                self.line = self.end(self.line, last, &index.tape, &mut index.segments)?;
            }
        }
        Err(ParseError {
            kind: ParseErrorKind::TooManyFields,
            offset: index.tape[MAX_FIELD_SEPARATORS] as usize,
        })
    }

    /// Ends a line at that place of the tape, which is a segment, or blank, or an error, and gives the next.
    #[expect(
        clippy::inline_always,
        reason = "a call a line costs as much as the line"
    )]
    #[inline(always)]
    fn end(
        &self,
        Line { start, first }: Line,
        last: u32,
        tape: &[u32],
        segments: &mut Vec<SegmentEntry>,
    ) -> Result<Line, ParseError> {
        let end = tape[last as usize];
        let next = Line {
            start: end.saturating_add(1),
            first: last + 1,
        };
        if start == end {
            return Ok(next);
        }
        let head = self.bytes[start as usize..].first_chunk::<4>();
        let name = match head {
            Some(head) if is_name(*head) && (head[3] == self.field || end == start + 3) => {
                SegmentName::leading(*head)
            }
            _ => match self.unusual(start as usize, end as usize)? {
                Some(name) => name,
                None => return Ok(next),
            },
        };
        if segments.len() == MAX_SEGMENTS {
            return Err(ParseError {
                kind: ParseErrorKind::TooManySegments,
                offset: start as usize,
            });
        }
        segments.push(SegmentEntry {
            start,
            name,
            first,
            last,
        });
        Ok(next)
    }

    /// The last line, if nothing ended it: its end is marked too, so that every field lies between two marks.
    fn finish(&mut self, index: &mut Index) -> Result<(), ParseError> {
        if (self.line.start as usize) < self.bytes.len() {
            index.reserve(CHUNK_BYTES + SPARE_PLACES);
            index.tape[index.marked] = narrow(self.bytes.len());
            let last = narrow(index.marked);
            self.line = self.end(self.line, last, &index.tape, &mut index.segments)?;
            index.marked += 1;
        }
        Ok(())
    }

    /// A line that does not begin like a segment: one of three bytes at the very end is none the less; blanks are
    /// tolerated as a blank line is.
    #[cold]
    fn unusual(&self, start: usize, end: usize) -> Result<Option<SegmentName>, ParseError> {
        let line = &self.bytes[start..end];
        if scan::is_segment(line, self.field) {
            Ok(Some(SegmentName::new([line[0], line[1], line[2]])))
        } else if line.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            Ok(None)
        } else {
            Err(ParseError {
                kind: ParseErrorKind::BadSegmentName,
                offset: start,
            })
        }
    }
}

const LETTER: u8 = 1;
const LETTER_OR_DIGIT: u8 = 2;

static NAME_CLASSES: [u8; 256] = name_classes();

const fn name_classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 128 {
        #[expect(clippy::cast_possible_truncation, reason = "below 128")]
        let character = byte as u8;
        if character.is_ascii_alphabetic() {
            classes[byte] = LETTER | LETTER_OR_DIGIT;
        } else if character.is_ascii_digit() {
            classes[byte] = LETTER_OR_DIGIT;
        }
        byte += 1;
    }
    classes
}

/// A letter and two letters or digits, whatever follows.
#[inline]
fn is_name([one, two, three, _]: [u8; 4]) -> bool {
    let class = |byte| NAME_CLASSES[usize::from(byte)];
    (class(one) & LETTER != 0) & (class(two) & class(three) & LETTER_OR_DIGIT != 0)
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
