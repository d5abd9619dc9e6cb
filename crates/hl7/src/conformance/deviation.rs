use std::fmt;

use crate::path::Path;

/// What becomes of a message that deviates from the encoding rules and can be read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Conformance {
    /// It is read; [`deviations`](crate::Message::deviations) lists them.
    #[default]
    Tolerant,
    /// It is refused for the first deviation.
    Strict,
}

/// Where a message deviates from the encoding rules (HL7 v2.9 chapter 2), and how. Never carries content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deviation {
    /// What it is.
    pub code: DeviationCode,
    /// The segment's place in the message, counted from 0; what stands before MSH belongs to MSH.
    pub segment: usize,
    /// The value, when it is one.
    pub path: Option<Path>,
    /// Offset of its first byte in the message.
    pub offset: usize,
}

/// The kinds of [`Deviation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DeviationCode {
    /// A byte order mark before MSH (§2.5.2: a message begins with its MSH segment).
    ByteOrderMark,
    /// Blanks or line ends before MSH (§2.5.2).
    LeadingBlanks,
    /// A segment that ends in LF or CRLF (§2.5.4: it ends in CR, always).
    LineFeed,
    /// A blank line, which is no segment (§2.5.2).
    BlankLine,
    /// A last segment without its CR (§2.5.4).
    UnendedSegment,
    /// A segment name that is not in capitals (§2.5.2).
    LowercaseName,
    /// An MSH segment that is not the first (§2.5.2); two messages may have run together.
    SecondHeader,
    /// FHS, BHS, BTS or FTS within a message (§2.10.3).
    BatchSegment,
    /// MSH-9, MSH-10, MSH-11 or MSH-12 is not valued (§2.14.9).
    MissingHeaderField,
    /// MSH-12 names no version of table 0104.
    UnknownVersion,
    /// MSH-7 is no date and time (§2.14.9.7, §2A.3.22).
    BadDateTime,
    /// A truncation character in MSH-2 of a version before 2.7, which brought it (§2.5.5.2).
    EarlyTruncation,
    /// Bytes beyond ASCII without MSH-18 (§2.14.9.18: the default is ASCII). Reported for the first.
    UndeclaredCharset,
    /// MSH-18 names a character set by another name than table 0211 does.
    CharsetName,
    /// Bytes that are not in the character set (§2.14.9.18).
    Undecodable,
    /// A value that ends while Kanji or Kana are switched on (table 0356).
    OpenSwitch,
    /// `\C..\` or `\M..\` where MSH-18 and MSH-20 announce no switch (§2.14.9.20).
    UnannouncedSwitch,
    /// A control character that is not written as `\Xdd\` (§2A.3.76, §2A.3.80: text is printable).
    ControlCharacter,
    /// An escape delimiter that opens no sequence and is not written as `\E\` (§2.7.1).
    StrayEscape,
    /// What has the form of an escape and stands for nothing: an odd number of digits, an unknown character set,
    /// bytes that are not in the character set (§2.7).
    UnknownEscape,
}

impl DeviationCode {
    /// A stable word for it, as `line-feed`.
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// What it is and what to send instead, in a sentence.
    pub fn description(self) -> &'static str {
        self.entry().1
    }

    fn entry(self) -> (&'static str, &'static str) {
        match self {
            Self::ByteOrderMark => (
                "byte-order-mark",
                "a byte order mark stands before MSH; leave it out",
            ),
            Self::LeadingBlanks => ("leading-blanks", "blanks stand before MSH; leave them out"),
            Self::LineFeed => (
                "line-feed",
                "a segment ends in LF or CRLF; end segments in CR",
            ),
            Self::BlankLine => ("blank-line", "a line is blank; leave it out"),
            Self::UnendedSegment => (
                "unended-segment",
                "the last segment does not end; end it in CR",
            ),
            Self::LowercaseName => (
                "lowercase-name",
                "a segment name is not in capitals; write it so",
            ),
            Self::SecondHeader => (
                "second-header",
                "MSH stands within the message; send one message at a time",
            ),
            Self::BatchSegment => (
                "batch-segment",
                "a batch segment stands within the message; send batches as files",
            ),
            Self::MissingHeaderField => (
                "missing-header-field",
                "a field of MSH is required and empty; value MSH-9 to MSH-12",
            ),
            Self::UnknownVersion => (
                "unknown-version",
                "MSH-12 names no version of HL7v2; use table 0104",
            ),
            Self::BadDateTime => (
                "bad-date-time",
                "MSH-7 is no date and time; write YYYYMMDDHHMMSS and the offset",
            ),
            Self::EarlyTruncation => (
                "early-truncation",
                "MSH-2 declares a truncation character; versions before 2.7 have none",
            ),
            Self::UndeclaredCharset => (
                "undeclared-charset",
                "bytes beyond ASCII and no MSH-18; declare the character set there",
            ),
            Self::CharsetName => (
                "charset-name",
                "MSH-18 names a character set in its own way; use table 0211",
            ),
            Self::Undecodable => (
                "undecodable",
                "a byte is not in the character set; declare the one in use in MSH-18",
            ),
            Self::OpenSwitch => (
                "open-switch",
                "a value ends in a switched character set; switch back before it ends",
            ),
            Self::UnannouncedSwitch => (
                "unannounced-switch",
                "a value switches its character set; announce that in MSH-18 and MSH-20",
            ),
            Self::ControlCharacter => (
                "control-character",
                "a value holds a control character; write it in hexadecimal digits",
            ),
            Self::StrayEscape => (
                "stray-escape",
                "an escape delimiter opens no sequence; write it as an escape itself",
            ),
            Self::UnknownEscape => (
                "unknown-escape",
                "an escape sequence stands for nothing; use those of section 2.7",
            ),
        }
    }
}

impl fmt::Display for DeviationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.description())
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            Some(path) => write!(f, "{path}: {} (at byte {})", self.code, self.offset),
            None => write!(f, "{} (at byte {})", self.code, self.offset),
        }
    }
}
