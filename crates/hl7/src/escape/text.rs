use crate::charset::Shift;
use crate::delimiters::Delimiters;
use crate::escape::sequence::{Escape, Format};
use crate::escape::token::{Token, Tokens};
use crate::reading::Reading;

/// Most lines or blanks that one `\.sp<n>\` or `\.sk<n>\` gives in plain text.
const MAX_BLANKS: u16 = 80;

/// Hexadecimal data is decoded in pieces of this many bytes.
const HEX_PIECE_BYTES: usize = 256;

/// Appends the text of `raw` to `out`, or gives the offset of the first byte that is not in the character set.
pub(crate) fn decode(raw: &[u8], reading: Reading, out: &mut String) -> Result<(), usize> {
    let delimiters = &reading.delimiters;
    let mut shift = Shift::new(reading.charset, reading.switches);
    for (at, token) in Tokens::new(raw, reading) {
        match token {
            Token::Plain(bytes) | Token::Stray(bytes) => shift
                .decode(bytes, delimiters, out)
                .map_err(|bad| at + bad)?,
            Token::Escape { escape, written } => match escape {
                Escape::Format(format) => format.write(out),
                // Nothing that text can show.
                Escape::Highlight(_) => {}
                Escape::Local(_) => ascii(written, out),
                _ => resolve(escape, written, &mut shift, delimiters, out),
            },
            Token::Unknown(written) => ascii(written, out),
        }
    }
    Ok(())
}

/// Writes what the sequences stand for that stand for text, and does what switches the character set.
pub(super) fn resolve(
    escape: Escape<'_>,
    written: &[u8],
    shift: &mut Shift,
    delimiters: &Delimiters,
    out: &mut String,
) {
    match escape {
        Escape::Delimiter(byte) => out.push(char::from(byte)),
        Escape::Switch(to) => shift.to(to),
        // Left as written when they are no text.
        Escape::Hexadecimal(digits) if !hexadecimal(digits, *shift, delimiters, out) => {
            ascii(written, out);
        }
        _ => {}
    }
}

/// Whether hexadecimal data is text in the character set in use.
pub(crate) fn is_text(digits: &[u8], shift: Shift, delimiters: &Delimiters) -> bool {
    hexadecimal(digits, shift, delimiters, &mut String::new())
}

/// Appends bytes that are known to be ASCII.
pub(super) fn ascii(written: &[u8], out: &mut String) {
    out.extend(written.iter().map(|&byte| char::from(byte)));
}

impl Format {
    /// In plain text, what ends a line gives line feeds and skipped columns give blanks; indents, fill modes and
    /// centring give nothing.
    fn write(self, out: &mut String) {
        let mut repeat = |character, count: u16| {
            out.extend(std::iter::repeat_n(
                character,
                usize::from(count.min(MAX_BLANKS)),
            ));
        };
        match self {
            Self::Break | Self::Center => repeat('\n', 1),
            Self::Space(lines) => repeat('\n', lines),
            Self::Skip(columns) => repeat(' ', columns),
            Self::Fill | Self::NoFill | Self::Indent(_) | Self::TemporaryIndent(_) => {}
        }
    }
}

/// `\Xdddd..\`: bytes in the message's character set. Says whether they are; else nothing is written.
fn hexadecimal(digits: &[u8], mut shift: Shift, delimiters: &Delimiters, out: &mut String) -> bool {
    let start = out.len();
    let mut piece = [0; HEX_PIECE_BYTES];
    let mut held = 0;
    let mut decode = |bytes: &[u8], out: &mut String| {
        let mark = (out.len(), shift);
        let decoded = shift.decode(bytes, delimiters, out).is_ok();
        if !decoded {
            out.truncate(mark.0);
            shift = mark.1;
        }
        decoded
    };
    for pair in digits.chunks_exact(2) {
        if held == HEX_PIECE_BYTES {
            break;
        }
        piece[held] = nibble(pair[0]) << 4 | nibble(pair[1]);
        held += 1;
        // A piece must end where a character does; characters have at most four bytes, so one of these ends fits.
        if held > HEX_PIECE_BYTES - 4 && decode(&piece[..held], out) {
            held = 0;
        }
    }
    let whole = held < HEX_PIECE_BYTES && decode(&piece[..held], out);
    if !whole {
        out.truncate(start);
    }
    whole
}

fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}
