//! Finding delimiters inside a field.
//!
//! Fields are short, about eight bytes: one comparison of 64 bytes tells where the parts of nearly every one are, without
//! a branch that depends on how long they are. What is gone through part by part is searched eight bytes at a time.

use crate::charset::skip_shifted;
use crate::index::kernel::window::{self, HALF_BYTES, WINDOW_BYTES};
use crate::reading::Reading;

/// Longer ones, documents and notes, are searched by memchr.
const SHORT_BYTES: usize = 64;

/// Finds `delimiter` in `bytes`, stepping over what looks like it and is none.
#[inline]
pub(crate) fn find(bytes: &[u8], delimiter: u8, reading: Reading) -> Option<usize> {
    if reading.has_lookalikes() {
        find_around_lookalikes(bytes, delimiter, reading)
    } else {
        find_byte(bytes, delimiter)
    }
}

/// Where a part of a value is, as far as one look at its first bytes can tell.
pub(crate) enum Part {
    /// Where it begins and ends.
    Between(usize, usize),
    /// There are not so many; the whole ends there.
    Missing(usize),
    /// The value is longer than what was looked at: see [`part_of_long`].
    Further,
}

/// The part behind `skipped` delimiters in the first `length` bytes of `text`; `until` ends the whole. There must be no
/// bytes that look like delimiters and are none.
#[expect(
    clippy::inline_always,
    reason = "what every read goes through: a call costs as much as finding the part"
)]
#[inline(always)]
pub(crate) fn part(
    text: &[u8],
    length: usize,
    delimiter: u8,
    skipped: usize,
    until: Option<u8>,
) -> Part {
    let (all, stops) = match text.first_chunk() {
        Some(window) if length <= HALF_BYTES => {
            part_marks(window::marks_in_half, window, delimiter, until)
        }
        Some(window) => part_marks(window::marks, window, delimiter, until),
        None => part_marks_at_end(text, delimiter, until),
    };
    // The whole ends at a stop or with its length, or else behind the window.
    let behind = if length < WINDOW_BYTES {
        1 << length
    } else {
        0
    };
    let ends = stops | behind;
    let end = ends.trailing_zeros() as usize;
    let goes_on = ends == 0 && length > WINDOW_BYTES;
    let mut found = all & before_first(ends);
    let mut start = 0;
    for _ in 0..skipped {
        if found == 0 {
            return if goes_on {
                Part::Further
            } else {
                Part::Missing(end)
            };
        }
        start = found.trailing_zeros() as usize + 1;
        found &= found - 1;
    }
    if found != 0 {
        return Part::Between(start, found.trailing_zeros() as usize);
    }
    if goes_on {
        Part::Further
    } else {
        Part::Between(start, end)
    }
}

/// Which of the bytes are `delimiter` or `until`, and which are `until`; the first is the lowest bit.
#[inline]
fn part_marks(
    marks: impl Fn(&[u8; WINDOW_BYTES], u8, u8) -> (u64, u64),
    window: &[u8; WINDOW_BYTES],
    delimiter: u8,
    until: Option<u8>,
) -> (u64, u64) {
    let (all, stops) = marks(window, delimiter, until.unwrap_or(delimiter));
    (all, if until.is_some() { stops } else { 0 })
}

/// Likewise in the last bytes of a message.
#[cold]
fn part_marks_at_end(text: &[u8], delimiter: u8, until: Option<u8>) -> (u64, u64) {
    // Zeros are no delimiters.
    let mut window = [0; WINDOW_BYTES];
    window[..text.len()].copy_from_slice(text);
    part_marks(window::marks, &window, delimiter, until)
}

/// The bits below the lowest one that is set; all of them if none is.
#[inline]
fn before_first(bits: u64) -> u64 {
    (bits & bits.wrapping_neg()).wrapping_sub(1)
}

/// Where the part behind `skipped` delimiters begins and ends, if there are so many; `until` ends the whole.
pub(crate) fn part_of_long(
    bytes: &[u8],
    delimiter: u8,
    skipped: usize,
    until: Option<u8>,
    reading: Reading,
) -> Option<(usize, usize)> {
    let end = until.and_then(|until| find(bytes, until, reading));
    let bytes = &bytes[..end.unwrap_or(bytes.len())];
    let mut start = 0;
    for _ in 0..skipped {
        start += find(&bytes[start..], delimiter, reading)? + 1;
    }
    let length = find(&bytes[start..], delimiter, reading);
    Some((start, length.map_or(bytes.len(), |length| start + length)))
}

#[inline]
fn find_byte(bytes: &[u8], byte: u8) -> Option<usize> {
    if bytes.len() > SHORT_BYTES {
        return memchr::memchr(byte, bytes);
    }
    let mut at = 0;
    while at < bytes.len() {
        let found = equal(word(bytes, at), byte);
        if found != 0 {
            return Some(at + byte_place(found));
        }
        at += 8;
    }
    None
}

/// The top bit of each byte of a word that equals `byte`.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7F * ONES;
    let differing = word ^ (ONES * u64::from(byte));
    !(((differing & LOW) + LOW) | differing | LOW)
}

/// Place of the first byte that such bits stand for.
#[inline]
fn byte_place(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 8
}

/// The first eight bytes behind `at`, the first lowest; zeros, which are no delimiters, where there are fewer.
#[inline]
fn word(bytes: &[u8], at: usize) -> u64 {
    if let Some(word) = bytes[at..].first_chunk::<8>() {
        return u64::from_le_bytes(*word);
    }
    let length = bytes.len();
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> (8 * (at + 8 - length));
    }
    // Fewer than eight in all: two halves or three single bytes, which may be the same ones.
    if let (Some(low), Some(high)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let high = u64::from(u32::from_le_bytes(*high)) << (8 * (length - 4));
        return u64::from(u32::from_le_bytes(*low)) | high;
    }
    let place = |at: usize| u64::from(bytes[at]) << (8 * at);
    place(0) | place(length / 2) | place(length - 1)
}

#[cold]
fn find_around_lookalikes(bytes: &[u8], delimiter: u8, reading: Reading) -> Option<usize> {
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
pub(crate) fn skip_lookalikes(bytes: &[u8], reading: Reading) -> usize {
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

/// Whether a line begins with a segment's name: a letter, two letters or digits, and then the field separator.
pub(crate) fn is_segment(line: &[u8], field: u8) -> bool {
    line.len() >= 3
        && line[0].is_ascii_alphabetic()
        && line[1].is_ascii_alphanumeric()
        && line[2].is_ascii_alphanumeric()
        && line.get(3).is_none_or(|&byte| byte == field)
}
