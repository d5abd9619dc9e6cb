//! What was decided about letters.

use std::collections::HashMap;
use std::fmt;

use crate::audit::Deed;
use crate::record::{Record, header};
use crate::store::{Position, Reader, StoreError};

/// Most decisions of a pipeline that are held at once, some 50 bytes each.
const MAX_DECISIONS: usize = 5_000_000;

/// What is done with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its bytes were appended to the raw log again.
    Retried,
    /// Nothing; it is settled.
    Dropped,
}

impl Decision {
    /// The value of [`header::DECISION`].
    pub const fn word(self) -> &'static str {
        match self {
            Decision::Retried => "retried",
            Decision::Dropped => "dropped",
        }
    }

    /// What the audit stream calls it.
    pub(super) const fn deed(self) -> Deed {
        match self {
            Decision::Retried => Deed::Retry,
            Decision::Dropped => Deed::Drop,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A decision that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What.
    pub decision: Decision,
    /// When, in milliseconds since 1970-01-01T00:00Z.
    pub at_ms: i64,
}

/// More decisions than are held at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MAX_DECISIONS} decided dead letters: shorten the retention of the dead stream")]
pub struct TooManyDecisions;

/// The decisions of a dead stream by letter.
#[derive(Clone, Debug, Default)]
pub struct Decisions(HashMap<Position, Decided>);

impl Decisions {
    /// All that the reader of a dead stream comes by, to its end.
    pub async fn read(reader: &mut Reader) -> Result<Decisions, ReadError> {
        let mut decisions = Decisions::default();
        while let Some(record) = reader.next().await? {
            decisions.see(&record)?;
        }
        Ok(decisions)
    }

    /// Takes a record of the dead stream into account, if it is a decision.
    pub fn see(&mut self, record: &Record) -> Result<(), TooManyDecisions> {
        if let Some((letter, decided)) = decision(record) {
            if self.0.len() == MAX_DECISIONS {
                return Err(TooManyDecisions);
            }
            self.0.insert(letter, decided);
        }
        Ok(())
    }

    /// What was decided about a letter.
    pub fn about(&self, letter: Position) -> Option<Decided> {
        self.0.get(&letter).copied()
    }
}

/// Why decisions could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There are too many.
    #[error(transparent)]
    TooMany(#[from] TooManyDecisions),
}

/// The decision that a record of the dead stream is; none for a letter.
fn decision(record: &Record) -> Option<(Position, Decided)> {
    let decision = match record.headers.get(header::DECISION)? {
        "retried" => Decision::Retried,
        _ => Decision::Dropped,
    };
    let decided = Decided {
        decision,
        at_ms: record.header(header::DECIDED_AT).parse().unwrap_or(0),
    };
    Some((record.header(header::LETTER).parse().ok()?, decided))
}
