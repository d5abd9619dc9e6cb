//! All audit records of a store, wherever they lie.

use std::fmt;

use bytes::Bytes;

use super::chain::Head;
use super::lines::{Lines, LinesError};
use crate::config::{Config, StoreConfig};
use crate::store::{self, Position, Reader, Selection, StoreError, Stream};

/// Where a record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// A word for the file or topic.
    pub stream: &'static str,
    /// Within it; of a file the line, from 0.
    pub position: Position,
}

impl Place {
    /// A line of a file, from 0.
    pub fn line(stream: &'static str, number: i64) -> Place {
        Place {
            stream,
            position: Position {
                partition: 0,
                offset: number,
            },
        }
    }
}

/// `audit 0/17`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.stream, self.position)
    }
}

/// What goes wrong while a trail is read.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file of disclosures.
    #[error(transparent)]
    Lines(#[from] LinesError),
}

/// The audit records of a store, to where they reach when it is opened or further.
pub struct Trail {
    heads: Vec<Head>,
    complete: bool,
    reader: Reader,
    disclosures: Option<Lines>,
}

impl Trail {
    /// Of the store that the configuration names, which may be in use.
    pub async fn open(config: &Config) -> Result<Trail, TrailError> {
        // Before the records, so that each is there.
        let heads = store::audit_heads(config).await?;
        let selection = Selection {
            stream: Stream::Audit,
            ..Selection::default()
        };
        Ok(Trail {
            heads,
            complete: matches!(config.store, StoreConfig::Embedded(_)),
            reader: Reader::open(config, selection).await?,
            disclosures: store::disclosures(config)
                .map(|path| Lines::open(&path))
                .transpose()?,
        })
    }

    /// How far its chains are by the store's word, which is kept apart from the records.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// Whether nothing removes old records.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The next record.
    pub async fn next(&mut self) -> Result<Option<(Place, Bytes)>, TrailError> {
        if let Some(record) = self.reader.next().await? {
            let place = Place {
                stream: "audit",
                position: self.reader.position(),
            };
            return Ok(Some((place, record.value)));
        }
        let line = match &mut self.disclosures {
            Some(lines) => lines.next_line()?,
            None => None,
        };
        Ok(line.map(|(number, line)| (Place::line("disclosures", number), Bytes::from(line))))
    }
}
