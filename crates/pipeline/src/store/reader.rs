//! Reads outputs back, from either store.

use std::path::Path;

use super::embedded::EmbeddedReader;
use super::kafka::KafkaReader;
use super::{Position, Selection, StoreError, Stream};
use crate::config::{Config, StoreConfig};
use crate::record::Record;
use crate::vault::Vault;

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
                let vault = vault(config, &selection)?;
                let reader = EmbeddedReader::open(&embedded.directory, selection, vault)?;
                Ok(Reader {
                    home: Home::Embedded(reader),
                })
            }
            StoreConfig::Kafka(kafka) => {
                let vault = vault(config, &selection)?;
                let reader = KafkaReader::open(&config.name, kafka, selection, vault).await?;
                Ok(Reader {
                    home: Home::Kafka(reader),
                })
            }
        }
    }

    /// From an embedded store's directory, without keys.
    pub fn open_directory(directory: &Path, selection: Selection) -> Result<Reader, StoreError> {
        Ok(Reader {
            home: Home::Embedded(EmbeddedReader::open(
                directory,
                selection,
                Vault::default(),
            )?),
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

/// The keys, where what is read may be encrypted.
fn vault(config: &Config, selection: &Selection) -> Result<Vault, StoreError> {
    match selection.stream {
        Stream::Dead => Vault::open(config),
        Stream::Fhir | Stream::Audit => Ok(Vault::default()),
    }
}
