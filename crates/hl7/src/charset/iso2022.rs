//! Switching character sets within a value (ISO 2022).
//!
//! There are two ways to write the same switch. With MSH-20 `ISO 2022-1994` it is the standard's own escape sequence,
//! ESC and two or three bytes; by HL7 v2.9 §2.7.2 it is an HL7 escape whose hexadecimal digits are these bytes:
//! `ESC $ B` and `\M2442\` both begin JIS X 0208.
//!
//! A switch designates a set to G0 (the bytes below 0x80) or to G1 (those above). Kanji and Kana in G0 hold bytes that
//! look like delimiters and are none, so what lies between such a switch and the next is skipped when delimiters are
//! sought. Each value begins, and behind each delimiter goes on, in the message's first set.

use encoding_rs::Encoding;
use memchr::memchr;

use crate::charset::set::{Charset, decode_with};
use crate::delimiters::Delimiters;

/// What begins a switch by ISO 2022.
pub(crate) const ESC: u8 = 0x1B;

/// A set of characters that can be designated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    /// ISO-IR 6 in G0; what the message is in, in G1.
    Own,
    /// ISO-IR 14, JIS X 0201 Romaji: ASCII but for yen and overline.
    Romaji,
    /// ISO-IR 13, JIS X 0201 Katakana, of half width.
    Katakana,
    /// The upper half of an ISO 8859 part.
    Upper(Charset),
    /// ISO-IR 87 (and its forerunner 42), JIS X 0208.
    JisX0208,
    /// ISO-IR 159, JIS X 0212.
    JisX0212,
    /// ISO-IR 149.
    KsX1001,
    /// ISO-IR 58, GB 2312, the root of GB 18030.
    Gb2312,
}

impl Set {
    /// How a set of 94 × 94 characters becomes bytes that `encoding_rs` can decode: prefix and encoding, with each byte's
    /// high bit set.
    fn double_byte(self) -> Option<(&'static [u8], &'static Encoding)> {
        match self {
            Self::JisX0208 => Some((b"", encoding_rs::EUC_JP)),
            Self::JisX0212 => Some((b"\x8F", encoding_rs::EUC_JP)),
            Self::KsX1001 => Some((b"", encoding_rs::EUC_KR)),
            Self::Gb2312 => Some((b"", encoding_rs::GBK)),
            Self::Own | Self::Romaji | Self::Katakana | Self::Upper(_) => None,
        }
    }
}

impl Set {
    /// How many bytes a character has in G0, for sets of which no byte there is a delimiter.
    fn width(self) -> Option<usize> {
        match self {
            Self::Own | Self::Romaji | Self::Upper(_) => None,
            Self::Katakana => Some(1),
            Self::JisX0208 | Self::JisX0212 | Self::KsX1001 | Self::Gb2312 => Some(2),
        }
    }
}

/// What one switch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Designation {
    /// G1 or else G0.
    upper: bool,
    set: Set,
}

impl Designation {
    /// Reads the bytes behind ESC, or those that the digits of a `\C..\` or `\M..\` stand for; gives their number too.
    fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let (upper, set, length) = match bytes {
            [b'(', b'B', ..] => (false, Set::Own, 2),
            [b'(', b'J', ..] => (false, Set::Romaji, 2),
            [b'(', b'I', ..] => (false, Set::Katakana, 2),
            [b')', b'I', ..] => (true, Set::Katakana, 2),
            [b'-', part, ..] => (true, Set::Upper(part_of_8859(*part)?), 2),
            [b'$', b'@' | b'B', ..] => (false, Set::JisX0208, 2),
            [b'$', b'A', ..] => (false, Set::Gb2312, 2),
            [b'$', g @ (b'(' | b')'), part, ..] => {
                let set = match part {
                    b'B' => Set::JisX0208,
                    b'D' => Set::JisX0212,
                    b'C' => Set::KsX1001,
                    b'A' => Set::Gb2312,
                    _ => return None,
                };
                (*g == b')', set, 3)
            }
            _ => return None,
        };
        Some((Self { upper, set }, length))
    }

    /// The switch that the hexadecimal digits of `\Cxxyy\` (`multibyte` false) or `\Mxxyyzz\` stand for.
    pub(crate) fn from_digits(digits: &[u8], multibyte: bool) -> Option<Self> {
        let mut bytes = [0; 3];
        let count = digits.len() / 2;
        if !matches!((multibyte, digits.len()), (false, 4) | (true, 4 | 6)) {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let (designation, length) = Self::read(&bytes[..count])?;
        (length == count && multibyte == (bytes[0] == b'$')).then_some(designation)
    }

    /// How many of the bytes behind it cannot be delimiters.
    pub(crate) fn hides(self, bytes: &[u8], escape: Option<u8>) -> usize {
        match self.set.width() {
            Some(width) if !self.upper => shifted(bytes, width, escape),
            _ => 0,
        }
    }
}

/// The final byte of the 96-character sets: ISO-IR 100, 101, 109, 110, 144, 127, 126, 138, 148, 203.
fn part_of_8859(part: u8) -> Option<Charset> {
    Some(match part {
        b'A' => Charset::Latin1,
        b'B' => Charset::Latin2,
        b'C' => Charset::Latin3,
        b'D' => Charset::Latin4,
        b'L' => Charset::Cyrillic,
        b'G' => Charset::Arabic,
        b'F' => Charset::Greek,
        b'H' => Charset::Hebrew,
        b'M' => Charset::Latin5,
        b'b' => Charset::Latin9,
        _ => return None,
    })
}

/// How many bytes from `bytes` on cannot be delimiters because they are characters of `width` bytes in G0: those up to
/// the next ESC or HL7 switch, or to the end of the segment.
fn shifted(bytes: &[u8], width: usize, escape: Option<u8>) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if matches!(byte, ESC | b'\r' | b'\n') {
            break;
        }
        if Some(byte) == escape && hl7_switch(&bytes[at..]).is_some() {
            break;
        }
        // A blank or control stands alone, and so does the first byte of a pair that is cut off.
        let pair = width == 2 && byte > b' ' && bytes.get(at + 1).is_some_and(|&next| next > b' ');
        at += 1 + usize::from(pair);
    }
    at
}

/// The switch `\C..\` or `\M..\` at the begin of `bytes`, and its length.
fn hl7_switch(bytes: &[u8]) -> Option<(Designation, usize)> {
    let (&escape, rest) = bytes.split_first()?;
    // The longest is `M` and six digits.
    let length = memchr(escape, &rest[..rest.len().min(8)])?;
    let (&letter, digits) = rest[..length].split_first()?;
    let multibyte = match letter {
        b'C' => false,
        b'M' => true,
        _ => return None,
    };
    Some((Designation::from_digits(digits, multibyte)?, length + 2))
}

/// How many bytes are to be stepped over where a switch stands, when delimiters are sought: the switch, and what it
/// hides. 0 where none stands.
pub(crate) fn skip_shifted(bytes: &[u8], escape: Option<u8>) -> usize {
    let switch = match bytes.first() {
        Some(&ESC) => Designation::read(&bytes[1..]).map(|(to, length)| (to, length + 1)),
        first if first.copied() == escape => hl7_switch(bytes),
        _ => None,
    };
    switch.map_or(0, |(to, length)| {
        length + to.hides(&bytes[length..], escape)
    })
}

/// The sets in use at a place of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shift {
    charset: Charset,
    lower: Set,
    upper: Set,
    /// Whether ESC switches; else it is a character like others.
    switches: bool,
}

impl Shift {
    /// At the begin of a value.
    pub(crate) fn new(charset: Charset, switches: bool) -> Self {
        Self {
            charset,
            lower: Set::Own,
            upper: Set::Own,
            switches,
        }
    }

    /// Behind a `\C..\` or `\M..\`.
    pub(crate) fn to(&mut self, designation: Designation) {
        if designation.upper {
            self.upper = designation.set;
        } else {
            self.lower = designation.set;
        }
    }

    /// Whether nothing is switched.
    fn is_own(self) -> bool {
        self.lower == Set::Own && self.upper == Set::Own
    }

    /// Whether G0 holds a set of which no byte is a delimiter; a value is to end otherwise (HL7 v2.9 table 0356).
    pub(crate) fn is_open(self) -> bool {
        self.lower.width().is_some()
    }

    /// Appends `bytes` as text to `out`, or gives the offset of the first bad byte and leaves `out` at any length.
    pub(crate) fn decode(
        &mut self,
        bytes: &[u8],
        delimiters: &Delimiters,
        out: &mut String,
    ) -> Result<(), usize> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            if self.switches && rest[0] == ESC {
                // What ISO 2022 does not define here is not guessed at.
                let (designation, length) = Designation::read(&rest[1..]).ok_or(at)?;
                self.to(designation);
                at += 1 + length;
                continue;
            }
            let run = self.run(rest, delimiters);
            self.decode_run(&rest[..run], out).map_err(|bad| at + bad)?;
            at += run;
            if !self.is_open() && delimiters.separates(rest[run - 1]) {
                *self = Self::new(self.charset, self.switches);
            }
        }
        Ok(())
    }

    /// The length of what can be decoded in one way: to the next ESC, to a delimiter where something is switched, and
    /// to where low bytes turn to high ones.
    fn run(self, bytes: &[u8], delimiters: &Delimiters) -> usize {
        if self.is_own() {
            let end = self.switches.then(|| memchr(ESC, bytes)).flatten();
            return end.unwrap_or(bytes.len());
        }
        let high = !bytes[0].is_ascii();
        let open = self.is_open();
        for (at, &byte) in bytes.iter().enumerate() {
            if byte.is_ascii() == high || (self.switches && byte == ESC) {
                return at;
            }
            if !open && delimiters.separates(byte) {
                return at + 1;
            }
        }
        bytes.len()
    }

    fn decode_run(self, run: &[u8], out: &mut String) -> Result<(), usize> {
        if self.is_own() {
            return self.charset.decode(run, out);
        }
        let high = !run[0].is_ascii();
        match if high { self.upper } else { self.lower } {
            Set::Own => self.charset.decode(run, out),
            Set::Upper(part) => part.decode(run, out),
            Set::Romaji => {
                out.extend(run.iter().map(|&byte| romaji(byte)));
                Ok(())
            }
            Set::Katakana => {
                for (at, &byte) in run.iter().enumerate() {
                    // Blanks and controls belong to no set.
                    out.push(match byte & 0x7F {
                        0..=b' ' if !high => char::from(byte),
                        _ => katakana(byte | 0x80).ok_or(at)?,
                    });
                }
                Ok(())
            }
            set => match set.double_byte() {
                Some((prefix, encoding)) => double_bytes(run, prefix, encoding, out),
                None => Err(0),
            },
        }
    }
}

/// JIS X 0201's left half.
pub(super) fn romaji(byte: u8) -> char {
    match byte {
        b'\\' => '¥',
        b'~' => '‾',
        _ => char::from(byte),
    }
}

/// JIS X 0201's right half.
pub(super) fn katakana(byte: u8) -> Option<char> {
    let place = byte.checked_sub(0xA1).filter(|place| *place < 0x3F)?;
    char::from_u32(0xFF61 + u32::from(place))
}

/// Decodes characters of two bytes, all low or all high. One at a time, so that a bad one has its place.
fn double_bytes(
    run: &[u8],
    prefix: &[u8],
    encoding: &'static Encoding,
    out: &mut String,
) -> Result<(), usize> {
    let mut at = 0;
    while at < run.len() {
        // Blanks and controls belong to no set.
        if run[at] <= b' ' {
            out.push(char::from(run[at]));
            at += 1;
            continue;
        }
        let pair = run
            .get(at..at + 2)
            .filter(|pair| pair[1] > b' ')
            .ok_or(at)?;
        let mut character = [0; 3];
        let (before, rest) = character.split_at_mut(prefix.len());
        before.copy_from_slice(prefix);
        rest[0] = pair[0] | 0x80;
        rest[1] = pair[1] | 0x80;
        decode_with(encoding, &character[..prefix.len() + 2], out).map_err(|_| at)?;
        at += 2;
    }
    Ok(())
}
