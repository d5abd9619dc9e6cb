use crate::charset::Designation;
use crate::delimiters::Delimiters;

/// Most digits of a number in a formatting command.
const MAX_DIGITS: usize = 4;

/// What stands between two escape delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape<'a> {
    /// `F S R T E P`: the delimiter itself.
    Delimiter(u8),
    /// `H N`.
    Highlight(bool),
    /// `.br` and the like.
    Format(Format),
    /// `Xdd..`: an even number of digits.
    Hexadecimal(&'a [u8]),
    /// `Cxxyy Mxxyyzz`.
    Switch(Designation),
    /// `Zdd..`: what follows the Z.
    Local(&'a [u8]),
}

/// A command of formatted text (HL7 v2.9 §2.7.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// `\.br\`: begin a new line at the left margin.
    Break,
    /// `\.sp\` or `\.sp`n`\`: end the line and skip n lines down, 1 if it says nothing.
    Space(u16),
    /// `\.fi\`: wrap words from here on, as at the begin.
    Fill,
    /// `\.nf\`: do not wrap.
    NoFill,
    /// `\.in`n`\`: move the left margin by n columns; stands before the first character of a line.
    Indent(i16),
    /// `\.ti`n`\`: likewise, for this line only.
    TemporaryIndent(i16),
    /// `\.sk`n`\`: skip n columns to the right, 1 if it says nothing.
    Skip(u16),
    /// `\.ce\`: end the line and centre the next.
    Center,
}

/// How a sequence is to be taken.
pub(super) enum Sequence<'a> {
    Known(Escape<'a>),
    /// It has the form of one, but nothing is known that it stands for: left as written, closing delimiter and all.
    Unknown,
    /// No sequence but a stray delimiter; the next one may open a sequence.
    Stray,
}

impl<'a> Sequence<'a> {
    pub(super) fn read(content: &'a [u8], delimiters: &Delimiters) -> Self {
        let delimiter = |declared: Option<u8>, recommended| {
            Self::Known(Escape::Delimiter(declared.unwrap_or(recommended)))
        };
        match content {
            b"F" => delimiter(Some(delimiters.field), b'|'),
            b"S" => delimiter(Some(delimiters.component), b'^'),
            b"R" => delimiter(delimiters.repetition, b'~'),
            b"T" => delimiter(delimiters.subcomponent, b'&'),
            b"E" => delimiter(delimiters.escape, b'\\'),
            b"P" => delimiter(delimiters.truncation, b'#'),
            b"H" => Self::Known(Escape::Highlight(true)),
            b"N" => Self::Known(Escape::Highlight(false)),
            [b'.', command @ ..] => Format::read(command)
                .map_or(Self::Stray, |format| Self::Known(Escape::Format(format))),
            [b'X', digits @ ..]
                if !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit) =>
            {
                if digits.len().is_multiple_of(2) {
                    Self::Known(Escape::Hexadecimal(digits))
                } else {
                    Self::Unknown
                }
            }
            [letter @ (b'C' | b'M' | b'Z'), rest @ ..]
                if !rest.is_empty() && rest.iter().all(u8::is_ascii_alphanumeric) =>
            {
                if *letter == b'Z' {
                    return Self::Known(Escape::Local(rest));
                }
                Designation::from_digits(rest, *letter == b'M')
                    .map_or(Self::Unknown, |to| Self::Known(Escape::Switch(to)))
            }
            _ => Self::Stray,
        }
    }
}

impl Format {
    /// Reads what follows the period; `None` for what is no command of §2.7.5.
    fn read(command: &[u8]) -> Option<Self> {
        let (name, argument) = command.split_at_checked(2)?;
        let argument = argument.trim_ascii();
        let number = || {
            let number = std::str::from_utf8(argument).ok()?;
            let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
            (digits.len() <= MAX_DIGITS)
                .then(|| number.parse::<i16>().ok())
                .flatten()
        };
        let count = || {
            if argument.is_empty() {
                return Some(1);
            }
            u16::try_from(number()?).ok()
        };
        match name {
            b"sp" => count().map(Self::Space),
            b"sk" => count().map(Self::Skip),
            b"in" => number().map(Self::Indent),
            b"ti" => number().map(Self::TemporaryIndent),
            b"br" if argument.is_empty() => Some(Self::Break),
            b"fi" if argument.is_empty() => Some(Self::Fill),
            b"nf" if argument.is_empty() => Some(Self::NoFill),
            b"ce" if argument.is_empty() => Some(Self::Center),
            _ => None,
        }
    }
}
