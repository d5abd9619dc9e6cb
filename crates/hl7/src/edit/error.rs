use std::fmt;

use crate::charset::Charset;
use crate::edit::place::MAX_PADDING;
use crate::path::Path;

/// Why a message was not changed, and where. Never carries content of the message or of the change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditError {
    /// What is in the way.
    pub kind: EditErrorKind,
    /// The value that was to be changed; `None` when it was a segment as a whole.
    pub path: Option<Path>,
}

/// The kinds of [`EditError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditErrorKind {
    /// The message has no such segment.
    #[error("there is no such segment; insert it first")]
    NoSegment,
    /// MSH begins a message: it cannot be removed, nothing goes before it, and there is no second one.
    #[error("a message begins with its one MSH segment; leave it there")]
    HeaderPlace,
    /// MSH-1, MSH-2, MSH-18 and MSH-20 decide how all the rest is read.
    #[error(
        "MSH-1, MSH-2, MSH-18 and MSH-20 decide how the rest is read; build a new message with other ones"
    )]
    Declaration,
    /// The raw bytes are no segment: a name of three letters or digits, then fields.
    #[error("a segment begins with its three-character name and the field separator")]
    BadSegmentName,
    /// The raw bytes hold a line end, or a delimiter of the place's own level or above.
    #[error(
        "at byte {offset} the raw value holds a delimiter that would end it; pass plain text to `set`"
    )]
    Delimiter {
        /// Offset in the raw value.
        offset: usize,
    },
    /// The message declares no delimiter to reach the place.
    #[error("MSH-2 declares no delimiter for this level")]
    NoDelimiter,
    /// The text needs an escape sequence, and the message declares no escape delimiter.
    #[error("the text holds a delimiter and MSH-2 declares no escape delimiter")]
    NoEscape,
    /// The text or raw value cannot be written in the message's character set.
    #[error("at byte {offset} the value cannot be written in {charset}")]
    Charset {
        /// The message's character set.
        charset: Charset,
        /// Offset in the text or raw value.
        offset: usize,
    },
    /// There or before it stands the first byte of a character without its second, which would swallow a delimiter.
    #[error(
        "a character at or before the place is cut off and would swallow a delimiter; mend it first"
    )]
    CutCharacter,
    /// The place lies farther beyond the end of what is there than [`MAX_PADDING`].
    #[error("the place lies more than {MAX_PADDING} delimiters beyond what is there")]
    TooFar,
}

impl EditErrorKind {
    pub(crate) fn at(self, path: &Path) -> EditError {
        EditError {
            kind: self,
            path: Some(*path),
        }
    }

    pub(crate) fn whole(self) -> EditError {
        EditError {
            kind: self,
            path: None,
        }
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path {
            Some(path) => write!(f, "{path}: {}", self.kind),
            None => self.kind.fmt(f),
        }
    }
}

impl std::error::Error for EditError {}
