use crate::charset::Shift;
use crate::escape::sequence::{Escape, Format};
use crate::escape::text::{ascii, resolve};
use crate::escape::token::{Token, Tokens};
use crate::reading::Reading;

/// A part of formatted text, for those who show it (HL7 v2.9 §2.7 and the data type FT, §2A.3.31).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Piece<'a> {
    /// Text: the character set decoded, and the escapes resolved that stand for characters.
    Text(String),
    /// `\H\` begins to highlight (true), `\N\` ends it (false).
    Highlight(bool),
    /// A formatting command.
    Format(Format),
    /// `\Z..\`, what sites agreed among themselves: the part behind the Z.
    Local(&'a [u8]),
}

/// The pieces of a value; an error is the offset of the first byte that is not in the character set, and ends them.
pub(crate) fn pieces(
    raw: &[u8],
    reading: Reading,
) -> impl Iterator<Item = Result<Piece<'_>, usize>> {
    let mut shift = Shift::new(reading.charset, reading.switches);
    let mut tokens = Tokens::new(raw, reading).peekable();
    let mut failed = false;
    std::iter::from_fn(move || {
        let mut text = String::new();
        while let Some((at, token)) = tokens.next_if(|(_, token)| shown(token).is_none()) {
            match token {
                Token::Plain(bytes) | Token::Stray(bytes) => {
                    if let Err(bad) = shift.decode(bytes, &reading.delimiters, &mut text) {
                        failed = true;
                        return Some(Err(at + bad));
                    }
                }
                Token::Escape { escape, written } => {
                    resolve(escape, written, &mut shift, &reading.delimiters, &mut text);
                }
                Token::Unknown(written) => ascii(written, &mut text),
            }
        }
        if failed {
            None
        } else if text.is_empty() {
            tokens.next().and_then(|(_, token)| shown(&token)).map(Ok)
        } else {
            Some(Ok(Piece::Text(text)))
        }
    })
}

/// The sequences that are pieces of their own.
fn shown<'a>(token: &Token<'a>) -> Option<Piece<'a>> {
    let Token::Escape { escape, .. } = token else {
        return None;
    };
    match *escape {
        Escape::Highlight(on) => Some(Piece::Highlight(on)),
        Escape::Format(format) => Some(Piece::Format(format)),
        Escape::Local(content) => Some(Piece::Local(content)),
        Escape::Delimiter(_) | Escape::Hexadecimal(_) | Escape::Switch(_) => None,
    }
}
