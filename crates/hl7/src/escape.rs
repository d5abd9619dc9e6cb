//! Escape sequences (HL7 v2.9 §2.7), resolved while a value is decoded.

use memchr::memchr;

use crate::charset::Charset;
use crate::message::Reading;
use crate::scan;

/// Most blanks that one `\.sk<n>\` gives, and most bytes of a formatting command that are looked at.
const MAX_BLANKS: usize = 80;

/// Hexadecimal data is decoded in pieces of this many bytes.
const HEX_PIECE_BYTES: usize = 256;

/// Appends the text of `raw` to `out`, or gives the offset of the first byte that is not in the character set.
pub(crate) fn decode(raw: &[u8], reading: Reading, out: &mut String) -> Result<(), usize> {
    let charset = reading.charset;
    let Some(escape) = reading.delimiters.escape else {
        return charset.decode(raw, out);
    };
    // Where text begins that is not written yet, and from where the next escape is sought.
    let (mut text, mut at) = (0, 0);
    while let Some(found) = scan::find(&raw[at..], escape, charset) {
        let open = at + found;
        // A sequence's content is ASCII, so its end cannot be part of a character.
        let Some(length) = memchr(escape, &raw[open + 1..]) else {
            break;
        };
        let content = &raw[open + 1..open + 1 + length];
        let written = out.len();
        charset
            .decode(&raw[text..open], out)
            .map_err(|bad| text + bad)?;
        match resolve(content, reading, out) {
            Resolved::Replaced => {
                at = open + length + 2;
                text = at;
            }
            // Left as written, closing delimiter and all.
            Resolved::Kept => {
                out.truncate(written);
                at = open + length + 2;
            }
            // No escape but a stray delimiter; the next one may open a sequence.
            Resolved::Stray => {
                out.truncate(written);
                at = open + 1;
            }
        }
    }
    charset.decode(&raw[text..], out).map_err(|bad| text + bad)
}

enum Resolved {
    Replaced,
    Kept,
    Stray,
}

/// Writes what a sequence stands for.
fn resolve(content: &[u8], reading: Reading, out: &mut String) -> Resolved {
    let delimiters = reading.delimiters;
    let character = match content {
        b"F" => delimiters.field,
        b"S" => delimiters.component,
        b"R" => delimiters.repetition.unwrap_or(b'~'),
        b"T" => delimiters.subcomponent.unwrap_or(b'&'),
        b"E" => delimiters.escape.unwrap_or(b'\\'),
        b"P" => delimiters.truncation.unwrap_or(b'#'),
        // Highlighting on and off: nothing that text can show.
        b"H" | b"N" => return Resolved::Replaced,
        [b'.', command @ ..] => return format(command, out),
        [b'X', digits @ ..] => return hexadecimal(digits, reading.charset, out),
        // Character set switching and what sites agreed among themselves.
        [b'C' | b'M' | b'Z', rest @ ..]
            if !rest.is_empty() && rest.iter().all(u8::is_ascii_alphanumeric) =>
        {
            return Resolved::Kept;
        }
        _ => return Resolved::Stray,
    };
    out.push(char::from(character));
    Resolved::Replaced
}

/// Formatting commands (§2.7.5). What ends a line gives a line feed, skipped columns give blanks; indents and
/// fill modes, which plain text cannot show, give nothing.
fn format(command: &[u8], out: &mut String) -> Resolved {
    let Some((name, argument)) = command.split_at_checked(2) else {
        return Resolved::Stray;
    };
    let is_command = name.iter().all(u8::is_ascii_lowercase)
        && argument.len() <= MAX_BLANKS
        && argument
            .iter()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b' '));
    if !is_command {
        return Resolved::Stray;
    }
    match name {
        b"br" | b"sp" | b"ce" => out.push('\n'),
        b"sk" => {
            let digits = std::str::from_utf8(argument)
                .unwrap_or_default()
                .trim_matches([' ', '+']);
            let blanks = digits.parse::<usize>().unwrap_or(1).min(MAX_BLANKS);
            out.extend(std::iter::repeat_n(' ', blanks));
        }
        _ => {}
    }
    Resolved::Replaced
}

/// `\Xdddd..\`: bytes in the message's character set. Left as written when they are none.
fn hexadecimal(digits: &[u8], charset: Charset, out: &mut String) -> Resolved {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Resolved::Stray;
    }
    if !digits.len().is_multiple_of(2) {
        return Resolved::Kept;
    }
    let start = out.len();
    let mut piece = [0; HEX_PIECE_BYTES];
    let mut held = 0;
    for pair in digits.chunks_exact(2) {
        piece[held] = nibble(pair[0]) << 4 | nibble(pair[1]);
        held += 1;
        // A piece must end where a character does; characters have at most four bytes, so one of these ends fits.
        if held > HEX_PIECE_BYTES - 4 {
            let mark = out.len();
            if charset.decode(&piece[..held], out).is_ok() {
                held = 0;
            } else if held == HEX_PIECE_BYTES {
                break;
            } else {
                out.truncate(mark);
            }
        }
    }
    if held == HEX_PIECE_BYTES || charset.decode(&piece[..held], out).is_err() {
        out.truncate(start);
        return Resolved::Kept;
    }
    Resolved::Replaced
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}
