//! Reads outputs back, from either store.

use std::path::Path;

use super::embedded::EmbeddedReader;
use super::kafka::KafkaReader;
use super::{Position, Selection, StoreError};
use crate::config::{Config, StoreConfig};
use crate::record::Record;

/// Reads outputs back, from the first; only what was committed.
pub struct Reader {
    home: Home,
}

enum Home {
    Embedded(EmbeddedReader),
    Kafka(KafkaReader),
}

impl Reader {
    /// From the store that the configuration names. The embedded store may be in use by another process.
    pub async fn open(config: &Config, selection: Selection) -> Result<Reader, StoreError> {
        match &config.store {
            StoreConfig::Embedded(embedded) => {
                Reader::open_directory(&embedded.directory, selection)
            }
            StoreConfig::Kafka(kafka) => {
                let reader = KafkaReader::open(&config.name, kafka, selection).await?;
                Ok(Reader {
                    home: Home::Kafka(reader),
                })
            }
        }
    }

    /// From an embedded store's directory.
    pub fn open_directory(directory: &Path, selection: Selection) -> Result<Reader, StoreError> {
        Ok(Reader {
            home: Home::Embedded(EmbeddedReader::open(directory, selection)?),
        })
    }

    /// The next record; none at the end, which a following reader never reaches.
    pub async fn next(&mut self) -> Result<Option<Record>, StoreError> {
        match &mut self.home {
            Home::Embedded(reader) => reader.next().await,
            Home::Kafka(reader) => reader.next().await,
        }
    }

    /// Where the record that [`Reader::next`] gave last lies in its topic, or by which line in its file.
    pub fn position(&self) -> Position {
        match &self.home {
            Home::Embedded(reader) => reader.position(),
            Home::Kafka(reader) => reader.position(),
        }
    }
}
