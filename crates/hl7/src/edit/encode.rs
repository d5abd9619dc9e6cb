use encoding_rs::EncoderResult;

use crate::charset::{Charset, ESC};
use crate::edit::error::EditErrorKind;
use crate::escape;
use crate::reading::Reading;
use crate::scan;

/// Appends `text` as a value: in the character set of the message, with what would be taken for a delimiter, and
/// control characters, as escape sequences (HL7 v2.9 §2.7). Reading the value gives the text again.
pub(crate) fn encode(text: &str, reading: Reading, out: &mut Vec<u8>) -> Result<(), EditErrorKind> {
    let null = text == "\"\"";
    for (offset, character) in text.char_indices() {
        let escaped = match u8::try_from(character) {
            // Two quotes as text, and not the order to delete.
            Ok(b'"') if null && offset == 0 => Some(Escaped::Hexadecimal(b'"')),
            Ok(byte) => escaped(byte, reading),
            Err(_) => None,
        };
        match escaped {
            Some(escaped) => {
                let escape = reading.delimiters.escape.ok_or(EditErrorKind::NoEscape)?;
                out.push(escape);
                match escaped {
                    Escaped::Letter(letter) => out.push(letter),
                    Escaped::LineBreak => out.extend(b".br"),
                    Escaped::Hexadecimal(byte) => out.extend(format!("X{byte:02X}").bytes()),
                }
                out.push(escape);
            }
            None if character_in(character, reading, out).is_none() => {
                let charset = reading.charset;
                return Err(EditErrorKind::Charset { charset, offset });
            }
            None => {}
        }
    }
    Ok(())
}

enum Escaped {
    Letter(u8),
    LineBreak,
    Hexadecimal(u8),
}

fn escaped(byte: u8, reading: Reading) -> Option<Escaped> {
    let delimiters = reading.delimiters;
    Some(match byte {
        _ if byte == delimiters.field => Escaped::Letter(b'F'),
        _ if byte == delimiters.component => Escaped::Letter(b'S'),
        _ if Some(byte) == delimiters.repetition => Escaped::Letter(b'R'),
        _ if Some(byte) == delimiters.subcomponent => Escaped::Letter(b'T'),
        _ if Some(byte) == delimiters.escape => Escaped::Letter(b'E'),
        _ if Some(byte) == delimiters.truncation => Escaped::Letter(b'P'),
        b'\n' if !delimiters.contain(b'.') => Escaped::LineBreak,
        // It would switch, however it is written.
        ESC if reading.switches => return None,
        // 0x0B and 0x1C would break the frame on the wire.
        0..b' ' if byte != b'\t' => Escaped::Hexadecimal(byte),
        _ => return None,
    })
}

/// Appends a character; `None` when the character set has it not.
fn character_in(character: char, reading: Reading, out: &mut Vec<u8>) -> Option<()> {
    let charset = reading.charset;
    let mut utf8 = [0; 4];
    let utf8 = character.encode_utf8(&mut utf8);
    if reading.switches && utf8.as_bytes() == [ESC] {
        return None;
    }
    if charset.switches() {
        return switched(utf8, reading, out);
    }
    if character.is_ascii() || charset.is_utf8() {
        out.extend(utf8.bytes());
        return Some(());
    }
    match charset {
        Charset::Ascii => return None,
        Charset::Latin1 => out.push(u8::try_from(character).ok()?),
        Charset::Latin5 => out.push((0x80..=u8::MAX).find(|&byte| {
            let mut decoded = String::new();
            charset.decode(&[byte], &mut decoded).is_ok() && decoded == *utf8
        })?),
        _ => {
            let mut bytes = [0; 8];
            let mut encoder = charset.encoding().new_encoder();
            let (result, _, written) =
                encoder.encode_from_utf8_without_replacement(utf8, &mut bytes, true);
            if result != EncoderResult::InputEmpty {
                return None;
            }
            out.extend(&bytes[..written]);
        }
    }
    Some(())
}

/// Appends a character of a set that is reached by switches, with its own switch there and back. What
/// reads back as another character, or would be split by a delimiter, the message cannot hold.
fn switched(utf8: &str, reading: Reading, out: &mut Vec<u8>) -> Option<()> {
    let mut bytes = [0; 12];
    let mut encoder = reading.charset.encoding().new_encoder();
    let (result, _, written) = encoder.encode_from_utf8_without_replacement(utf8, &mut bytes, true);
    let bytes = &bytes[..written];
    let mut read = String::new();
    let same = result == EncoderResult::InputEmpty
        && escape::decode(bytes, reading, &mut read).is_ok()
        && read == utf8;
    let delimiters = reading.delimiters;
    let splits = bytes
        .iter()
        .any(|&byte| delimiters.contain(byte) && scan::find(bytes, byte, reading).is_some());
    (same && !splits).then(|| out.extend(bytes))
}
