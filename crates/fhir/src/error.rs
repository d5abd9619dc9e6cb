//! Errors of loading maps and of converting messages.

use std::fmt;

/// One mistake in a map file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct MapError {
    /// The map file, as named by its source.
    pub file: String,
    /// 1-based line.
    pub line: u32,
    /// What is wrong, and the nearest valid name where there is one.
    pub message: String,
}

/// Every mistake found in a set of maps, in order of file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapErrors(pub Vec<MapError>);

impl fmt::Display for MapErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for MapErrors {}

/// A message could not be converted. The raw message belongs in the dead letters, under [`ConvertError::reason`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// No message map serves this type.
    #[error("no map for message type {message_type}: add one under maps/messages")]
    NoMap {
        /// MSH-9.1^MSH-9.2 as sent; only letters and digits are kept.
        message_type: String,
    },
    /// The message type is missing from MSH-9.
    #[error("MSH-9 names no message type and trigger event")]
    NoMessageType,
    /// More segments or resources than a conversion holds.
    #[error("more than {limit} {what} in one message")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl ConvertError {
    /// A stable name for dead letters and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            ConvertError::NoMap { .. } => "no-map",
            ConvertError::NoMessageType => "no-message-type",
            ConvertError::TooLarge { .. } => "too-large",
        }
    }
}
