//! The single pass over a message that fills its [`Index`].

use crate::charset::skip_shifted;
use crate::error::{ParseError, ParseErrorKind};
use crate::index::{Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS, SegmentEntry};
use crate::message::Reading;

/// Indexes `bytes` from `start`, where MSH begins. Offsets fit: the caller has checked the length.
pub(crate) fn scan(
    bytes: &[u8],
    start: usize,
    reading: Reading,
    index: &mut Index,
) -> Result<(), ParseError> {
    let field = reading.delimiters.field;
    index.clear();
    let mut line = start;
    while line < bytes.len() {
        let first_separator = index.tape.len();
        let end = scan_line(bytes, line, reading, &mut index.tape)?;
        if !is_blank(&bytes[line..end]) {
            check_name(bytes, line, end, field)?;
            if index.segments.len() == MAX_SEGMENTS {
                return Err(ParseError {
                    kind: ParseErrorKind::TooManySegments,
                    offset: line,
                });
            }
            index.segments.push(SegmentEntry {
                start: narrow(line),
                end: narrow(end),
                first_separator: narrow(first_separator),
                last_separator: narrow(index.tape.len()),
            });
        }
        line = end + 1;
    }
    Ok(())
}

/// Puts the line's separators on the tape and gives the offset of its end.
fn scan_line(
    bytes: &[u8],
    line: usize,
    reading: Reading,
    tape: &mut Vec<u32>,
) -> Result<usize, ParseError> {
    let field = reading.delimiters.field;
    let lookalikes = reading.has_lookalikes();
    let mut at = line;
    while let Some(&byte) = bytes.get(at) {
        if byte == field {
            if tape.len() == MAX_FIELD_SEPARATORS {
                return Err(ParseError {
                    kind: ParseErrorKind::TooManyFields,
                    offset: at,
                });
            }
            tape.push(narrow(at));
        } else if byte == b'\r' || byte == b'\n' {
            return Ok(at);
        } else if lookalikes {
            at += skip_lookalikes(&bytes[at..], reading);
        }
        at += 1;
    }
    Ok(bytes.len())
}

/// Finds `delimiter` in `bytes`, stepping over what looks like it and is none.
pub(crate) fn find(bytes: &[u8], delimiter: u8, reading: Reading) -> Option<usize> {
    if !reading.has_lookalikes() {
        return memchr::memchr(delimiter, bytes);
    }
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == delimiter {
            return Some(at);
        }
        at += 1 + skip_lookalikes(&bytes[at..], reading);
    }
    None
}

/// How many bytes behind the first one belong to it and are no delimiters: the second byte of a double-byte character,
/// or what a switch to another character set hides.
fn skip_lookalikes(bytes: &[u8], reading: Reading) -> usize {
    match bytes[0] {
        byte if !byte.is_ascii() && reading.charset.trails_in_ascii() => trail(bytes),
        byte if reading.switches && !byte.is_ascii_alphanumeric() => {
            skip_shifted(bytes, reading.delimiters.escape).saturating_sub(1)
        }
        _ => 0,
    }
}

/// How many bytes follow the lead byte of a double-byte character: one, unless the next is a line end and the
/// character is cut off. (The four bytes of GB 18030 are two such pairs.)
fn trail(bytes: &[u8]) -> usize {
    usize::from(bytes.get(1).is_some_and(|next| !next.is_ascii_control()))
}

fn check_name(bytes: &[u8], line: usize, end: usize, field: u8) -> Result<(), ParseError> {
    if is_segment(&bytes[line..end], field) {
        Ok(())
    } else {
        Err(ParseError {
            kind: ParseErrorKind::BadSegmentName,
            offset: line,
        })
    }
}

/// Whether a line begins with a segment's name: a letter, two letters or digits, and then the field separator.
pub(crate) fn is_segment(line: &[u8], field: u8) -> bool {
    line.len() >= 3
        && line[0].is_ascii_alphabetic()
        && line[1].is_ascii_alphanumeric()
        && line[2].is_ascii_alphanumeric()
        && line.get(3).is_none_or(|&byte| byte == field)
}

/// Lines of blanks are tolerated as blank lines are.
fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
