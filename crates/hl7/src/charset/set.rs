use std::fmt;

use encoding_rs::{DecoderResult, Encoding};

use crate::charset::iso2022::{katakana, romaji};

/// A character set of MSH-18 (HL7 table 0211).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Charset {
    /// `ASCII`: seven bits.
    Ascii,
    /// `UNICODE UTF-8`; also what a message is in that declares nothing.
    Utf8,
    /// `UNICODE UTF-16`. What names it and can be read byte by byte is UTF-8, as
    /// [`utf8_from_utf16`](crate::utf8_from_utf16) makes it.
    Utf16,
    /// `8859/1`, Western Europe. Truly Latin-1: bytes 0x80 to 0x9F are control characters, not windows-1252.
    Latin1,
    /// `8859/2`, Central Europe.
    Latin2,
    /// `8859/3`, Southern Europe.
    Latin3,
    /// `8859/4`, Northern Europe.
    Latin4,
    /// `8859/5`, Cyrillic.
    Cyrillic,
    /// `8859/6`, Arabic.
    Arabic,
    /// `8859/7`, Greek.
    Greek,
    /// `8859/8`, Hebrew.
    Hebrew,
    /// `8859/9`, Turkish.
    Latin5,
    /// `8859/15`, Western Europe with the euro sign.
    Latin9,
    /// `GB 18030-2000`, Chinese.
    Gb18030,
    /// `BIG-5`, Chinese in traditional characters.
    Big5,
    /// `KS X 1001`, Korean.
    KsX1001,
    /// `ISO IR14`, JIS X 0201: ASCII with yen and overline, and above it Katakana of half width (ISO-IR 13).
    JisX0201,
    /// `ISO IR87`, JIS X 0208, Japanese. A value begins in ASCII and switches by ISO 2022.
    JisX0208,
    /// `ISO IR159`, JIS X 0212, more Japanese. A value begins in ASCII and switches by ISO 2022.
    JisX0212,
}

/// How table 0211 writes each character set, in the order of [`Charset`]; the first spelling is the standard's.
const NAMES: &[(Charset, &[&str])] = &[
    (Charset::Ascii, &["ASCII", "ISO IR6", "US-ASCII"]),
    (
        Charset::Utf8,
        &["UNICODE UTF-8", "UTF-8", "UTF8", "UNICODE"],
    ),
    (Charset::Utf16, &["UNICODE UTF-16", "UTF-16"]),
    (
        Charset::Latin1,
        &["8859/1", "ISO-8859-1", "ISO8859-1", "ISO IR100"],
    ),
    (Charset::Latin2, &["8859/2", "ISO-8859-2", "ISO8859-2"]),
    (Charset::Latin3, &["8859/3", "ISO-8859-3", "ISO8859-3"]),
    (Charset::Latin4, &["8859/4", "ISO-8859-4", "ISO8859-4"]),
    (Charset::Cyrillic, &["8859/5", "ISO-8859-5", "ISO8859-5"]),
    (Charset::Arabic, &["8859/6", "ISO-8859-6", "ISO8859-6"]),
    (Charset::Greek, &["8859/7", "ISO-8859-7", "ISO8859-7"]),
    (Charset::Hebrew, &["8859/8", "ISO-8859-8", "ISO8859-8"]),
    (Charset::Latin5, &["8859/9", "ISO-8859-9", "ISO8859-9"]),
    (Charset::Latin9, &["8859/15", "ISO-8859-15", "ISO8859-15"]),
    (Charset::Gb18030, &["GB 18030-2000", "GB18030", "GB 18030"]),
    (Charset::Big5, &["BIG-5", "BIG5"]),
    (Charset::KsX1001, &["KS X 1001", "KSX1001", "EUC-KR"]),
    (
        Charset::JisX0201,
        &["ISO IR14", "ISO IR13", "ISO-IR14", "ISO-IR13"],
    ),
    (
        Charset::JisX0208,
        // The last two name JIS X 0202, which is ISO 2022; they stood in the table before v2.4.
        &[
            "ISO IR87",
            "ISO-IR87",
            "ISO-2022-JP",
            "JAS2020",
            "JIS X 0202",
        ],
    ),
    (Charset::JisX0212, &["ISO IR159", "ISO-IR159"]),
];

/// [`Charset::from_code`] rests on it.
const _: () = {
    let mut place = 0;
    while place < NAMES.len() {
        assert!(NAMES[place].0 as usize == place);
        place += 1;
    }
};

impl Charset {
    /// A number for it, from 0.
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// The character set of that [`code`](Self::code).
    pub(crate) fn from_code(code: u8) -> Self {
        NAMES[usize::from(code)].0
    }

    /// The character set that one repetition of MSH-18 names, in any case and with the spellings seen in the field;
    /// `None` when it is not known or not supported.
    pub fn from_name(name: &str) -> Option<Self> {
        let name = name.trim();
        NAMES
            .iter()
            .find(|(_, spellings)| {
                spellings
                    .iter()
                    .any(|spelling| spelling.eq_ignore_ascii_case(name))
            })
            .map(|(charset, _)| *charset)
    }

    /// Its name in table 0211.
    pub fn name(self) -> &'static str {
        NAMES
            .iter()
            .find(|(charset, _)| *charset == self)
            .map_or("ASCII", |(_, spellings)| spellings[0])
    }

    /// Whether table 0211 writes it so; of ASCII there are two.
    pub(crate) fn is_named(self, written: &[u8]) -> bool {
        written == self.name().as_bytes() || (self == Self::Ascii && written == b"ISO IR6")
    }

    /// Whether a message's text in it is plain UTF-8 and can be borrowed.
    pub(crate) fn is_utf8(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf16)
    }

    /// Whether the bytes below 0x80 are ASCII.
    pub(crate) fn extends_ascii(self) -> bool {
        self != Self::JisX0201
    }

    /// Whether a message in it switches to other sets within values (ISO 2022), even if MSH-20 does not say so.
    pub(crate) fn switches(self) -> bool {
        matches!(self, Self::JisX0201 | Self::JisX0208 | Self::JisX0212)
    }

    /// Whether the second byte of a character can look like a delimiter (`|` is 0x7C, a trail byte of Big5).
    pub fn trails_in_ascii(self) -> bool {
        matches!(self, Self::Gb18030 | Self::Big5 | Self::KsX1001)
    }

    /// Checks a whole message where the character set allows to; gives the offset of the first bad byte.
    pub(crate) fn check(self, bytes: &[u8]) -> Result<(), usize> {
        match self {
            Self::Ascii => bytes
                .iter()
                .position(|byte| !byte.is_ascii())
                .map_or(Ok(()), Err),
            Self::Utf8 | Self::Utf16 => std::str::from_utf8(bytes)
                .map(drop)
                .map_err(|error| error.valid_up_to()),
            _ => Ok(()),
        }
    }

    /// Appends `bytes` as text to `out`, or gives the offset of the first bad byte and leaves `out` at any length.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut String) -> Result<(), usize> {
        match self {
            Self::Utf8 | Self::Utf16 => {
                let text = std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())?;
                out.push_str(text);
                Ok(())
            }
            Self::Latin1 => {
                out.extend(bytes.iter().map(|&byte| char::from(byte)));
                Ok(())
            }
            Self::Latin5 => {
                out.extend(bytes.iter().map(|&byte| latin5(byte)));
                Ok(())
            }
            // Of the last two, what lies outside of switches.
            Self::Ascii | Self::JisX0208 | Self::JisX0212 => match std::str::from_utf8(bytes) {
                Ok(text) if text.is_ascii() => {
                    out.push_str(text);
                    Ok(())
                }
                _ => Err(bytes.iter().take_while(|byte| byte.is_ascii()).count()),
            },
            Self::JisX0201 => {
                for (at, &byte) in bytes.iter().enumerate() {
                    let character = if byte.is_ascii() {
                        Some(romaji(byte))
                    } else {
                        katakana(byte)
                    };
                    out.push(character.ok_or(at)?);
                }
                Ok(())
            }
            _ => decode_with(self.encoding(), bytes, out),
        }
    }

    pub(crate) fn encoding(self) -> &'static Encoding {
        match self {
            Self::Latin2 => encoding_rs::ISO_8859_2,
            Self::Latin3 => encoding_rs::ISO_8859_3,
            Self::Latin4 => encoding_rs::ISO_8859_4,
            Self::Cyrillic => encoding_rs::ISO_8859_5,
            Self::Arabic => encoding_rs::ISO_8859_6,
            Self::Greek => encoding_rs::ISO_8859_7,
            Self::Hebrew => encoding_rs::ISO_8859_8,
            Self::Latin9 => encoding_rs::ISO_8859_15,
            Self::Gb18030 => encoding_rs::GB18030,
            Self::Big5 => encoding_rs::BIG5,
            Self::KsX1001 => encoding_rs::EUC_KR,
            // Decoded without encoding_rs, whose labels for them mean windows code pages.
            Self::Ascii | Self::Utf8 | Self::Utf16 | Self::Latin1 | Self::Latin5 => {
                encoding_rs::UTF_8
            }
            // For writing; they are read set by set.
            Self::JisX0201 | Self::JisX0208 | Self::JisX0212 => encoding_rs::ISO_2022_JP,
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// ISO 8859-9 is Latin-1 with six letters exchanged.
fn latin5(byte: u8) -> char {
    match byte {
        0xD0 => 'Ğ',
        0xDD => 'İ',
        0xDE => 'Ş',
        0xF0 => 'ğ',
        0xFD => 'ı',
        0xFE => 'ş',
        _ => char::from(byte),
    }
}

pub(super) fn decode_with(
    encoding: &'static Encoding,
    bytes: &[u8],
    out: &mut String,
) -> Result<(), usize> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        out.reserve(
            decoder
                .max_utf8_buffer_length_without_replacement(rest.len())
                .unwrap_or(rest.len()),
        );
        let (result, read) = decoder.decode_to_string_without_replacement(rest, out, true);
        at += read;
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(bad, after) => {
                return Err(at.saturating_sub(usize::from(bad) + usize::from(after)));
            }
        }
    }
}
