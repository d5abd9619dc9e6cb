use crate::charset::Charset;
use crate::conformance::DeviationCode;
use crate::index::{MAX_FIELD_SEPARATORS, MAX_SEGMENTS};

/// Why bytes are not a readable HL7v2 message, and where. Never carries content of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Offset of the first offending byte in the bytes that were parsed.
    pub offset: usize,
}

/// The kinds of [`ParseError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Nothing there, or nothing but blanks and line ends.
    #[error("the message is empty; send an MSH segment first")]
    Empty,
    /// The first segment is not MSH.
    #[error("the message does not begin with an MSH segment; send MSH first")]
    NoMsh,
    /// MSH ends before MSH-2 declared the component separator.
    #[error("the MSH segment ends before its delimiters; send at least MSH|^~\\&")]
    TruncatedHeader,
    /// MSH-1 or MSH-2 holds a byte that cannot be a delimiter, or MSH-2 more than five.
    #[error(
        "MSH-1 or MSH-2 holds a byte that cannot be a delimiter; use ASCII punctuation, at most five in MSH-2"
    )]
    BadDelimiter,
    /// Two of the delimiters are the same byte.
    #[error("MSH-1 and MSH-2 declare the same delimiter twice; make all of them differ")]
    DuplicateDelimiter,
    /// A line does not begin with a segment name: a letter and two letters or digits, then the field separator.
    #[error(
        "a line does not begin with a three-character segment name; escape line breaks inside fields as \\.br\\"
    )]
    BadSegmentName,
    /// More segments than [`MAX_SEGMENTS`].
    #[error("the message has more than {MAX_SEGMENTS} segments; split it")]
    TooManySegments,
    /// More field separators than [`MAX_FIELD_SEPARATORS`].
    #[error("the message has more than {MAX_FIELD_SEPARATORS} field separators; split it")]
    TooManyFields,
    /// More than 4 GiB.
    #[error("the message is longer than 4 GiB; split it")]
    TooLong,
    /// The bytes are not text in the message's character set.
    #[error(
        "a byte is not valid in {charset}; declare the character set in use in MSH-18 or send {charset}"
    )]
    InvalidText {
        /// The character set that MSH-18 or the default names.
        charset: Charset,
    },
    /// The message is in UTF-16, of which not even MSH can be read.
    #[error(
        "the message is in UTF-16; rewrite it in UTF-8 first, as utf8_from_utf16 does, or send UTF-8"
    )]
    Utf16,
    /// The message can be read but deviates from the encoding rules, and
    /// [`Conformance::Strict`](crate::Conformance::Strict) is asked for.
    #[error("{code}")]
    Deviation {
        /// What it is.
        code: DeviationCode,
    },
    /// MSH-18 names a character set that is not known or not supported.
    #[error(
        "MSH-18 names a character set that is not supported; send UNICODE UTF-8, ASCII or an 8859 part"
    )]
    UnknownCharset,
}

/// A value's bytes are not text in the message's character set. Never carries content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a byte is not valid in {charset} (at byte {offset}); declare the character set in use in MSH-18"
)]
pub struct TextError {
    /// The message's character set.
    pub charset: Charset,
    /// Offset of the first bad byte in the message.
    pub offset: usize,
}
