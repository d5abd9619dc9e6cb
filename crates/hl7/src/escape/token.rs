use memchr::memchr;

use crate::escape::sequence::{Escape, Sequence};
use crate::reading::Reading;
use crate::scan;

/// A value's bytes, cut into escape sequences and what lies between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// Bytes in the message's character set.
    Plain(&'a [u8]),
    /// A sequence.
    Escape {
        escape: Escape<'a>,
        /// With both delimiters.
        written: &'a [u8],
    },
    /// What has the form of a sequence and stands for nothing known.
    Unknown(&'a [u8]),
    /// An escape delimiter that opens no sequence.
    Stray(&'a [u8]),
}

/// The tokens of a value in order, each with its offset in the value; together they are the value.
#[derive(Debug, Clone)]
pub(crate) struct Tokens<'a> {
    raw: &'a [u8],
    reading: Reading,
    at: usize,
    /// Up to here there is no sequence.
    plain: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(raw: &'a [u8], reading: Reading) -> Self {
        Self {
            raw,
            reading,
            at: 0,
            plain: 0,
        }
    }

    /// The token at the escape delimiter where the iterator stands.
    fn sequence(&mut self, escape: u8) -> Token<'a> {
        let rest = &self.raw[self.at..];
        // A sequence's content is ASCII, so its end cannot be part of a character.
        let Some(length) = memchr(escape, &rest[1..]) else {
            self.at += 1;
            // No further one: all is plain.
            self.plain = self.raw.len();
            return Token::Stray(&rest[..1]);
        };
        let written = &rest[..length + 2];
        match Sequence::read(&written[1..=length], &self.reading.delimiters) {
            Sequence::Known(known) => {
                self.at += written.len();
                self.plain = self.at;
                if let Escape::Switch(to) = known {
                    self.plain += to.hides(&self.raw[self.at..], Some(escape));
                }
                Token::Escape {
                    escape: known,
                    written,
                }
            }
            Sequence::Unknown => {
                self.at += written.len();
                Token::Unknown(written)
            }
            Sequence::Stray => {
                self.at += 1;
                Token::Stray(&rest[..1])
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (usize, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.at;
        if begin >= self.raw.len() {
            return None;
        }
        let from = self.plain.max(begin);
        let found = self.reading.delimiters.escape.and_then(|escape| {
            let found = scan::find(&self.raw[from..], escape, self.reading)?;
            Some((from + found, escape))
        });
        Some(match found {
            Some((at, escape)) if at == begin => (begin, self.sequence(escape)),
            _ => {
                self.at = found.map_or(self.raw.len(), |(at, _)| at);
                self.plain = self.at;
                (begin, Token::Plain(&self.raw[begin..self.at]))
            }
        })
    }
}
