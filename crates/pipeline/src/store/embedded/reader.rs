//! Reads output files back, also beside the process that writes them: never beyond the committed lengths.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::directory;
use crate::audit::Head;
use crate::record::{Headers, Record};
use crate::store::{Position, Selection, StoreError, Stream};
use crate::vault::{Kind, Vault};

/// How often a following reader looks for more.
const FOLLOW_INTERVAL: Duration = Duration::from_millis(100);

/// How far the chain of audit events is, as the process that has the directory told last; nothing before the first.
pub(in crate::store) fn audit_heads(root: &Path) -> Result<Vec<Head>, StoreError> {
    let path = directory::audit_head(root);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(StoreError::file(&path, &error)),
    };
    let head = Head::kept(&text).ok_or_else(|| damaged(&path))?;
    Ok(vec![head])
}

fn damaged(path: &Path) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        detail: "it is damaged".to_owned(),
    }
}

/// A reader of output files.
pub(crate) struct EmbeddedReader {
    directory: PathBuf,
    selection: Selection,
    committed: BTreeMap<String, u64>,
    /// Bytes read of each file.
    read: BTreeMap<String, u64>,
    /// Lines read of each file.
    lines: BTreeMap<String, i64>,
    current: Option<Lines>,
    vault: Vault,
}

struct Lines {
    name: String,
    values: BufReader<File>,
    headers: BufReader<File>,
}

impl EmbeddedReader {
    pub(crate) fn open(
        directory: &Path,
        selection: Selection,
        vault: Vault,
    ) -> Result<EmbeddedReader, StoreError> {
        std::fs::metadata(directory).map_err(|error| StoreError::file(directory, &error))?;
        let mut reader = EmbeddedReader {
            directory: directory.to_owned(),
            selection,
            committed: BTreeMap::new(),
            read: BTreeMap::new(),
            lines: BTreeMap::new(),
            current: None,
            vault,
        };
        reader.refresh()?;
        Ok(reader)
    }

    fn refresh(&mut self) -> Result<(), StoreError> {
        let path = directory::committed(&self.directory);
        match std::fs::read(&path) {
            Ok(text) => {
                self.committed =
                    serde_json::from_slice(&text).map_err(|error| StoreError::File {
                        path,
                        detail: error.to_string(),
                    })?;
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(StoreError::file(&path, &error)),
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if let Some(record) = self.read_one()? {
                return Ok(Some(record));
            }
            if self.advance()? {
                continue;
            }
            if !self.selection.follow {
                return Ok(None);
            }
            tokio::time::sleep(FOLLOW_INTERVAL).await;
            self.refresh()?;
        }
    }

    /// The number of the line that was read last, from 0.
    pub(crate) fn position(&self) -> Position {
        let current = self.current.as_ref();
        let lines = current.and_then(|current| self.lines.get(&current.name));
        Position {
            partition: 0,
            offset: lines.map_or(0, |lines| lines - 1),
        }
    }

    /// The next line of the current file, if it is committed.
    fn read_one(&mut self) -> Result<Option<Record>, StoreError> {
        let Some(current) = &mut self.current else {
            return Ok(None);
        };
        if self.read.get(&current.name) >= self.committed.get(&current.name) {
            return Ok(None);
        }
        let path = self.directory.join(&current.name);
        let fault = |error: std::io::Error| StoreError::file(&path, &error);
        let mut line = Vec::new();
        let length = current.values.read_until(b'\n', &mut line).map_err(fault)?;
        let mut headers = Vec::new();
        let headers_length = current
            .headers
            .read_until(b'\n', &mut headers)
            .map_err(fault)?;
        if length == 0 {
            return Err(StoreError::File {
                path,
                detail: "it is shorter than what was committed".to_owned(),
            });
        }
        *self.read.entry(current.name.clone()).or_default() += length as u64;
        *self.lines.entry(current.name.clone()).or_default() += 1;
        *self
            .read
            .entry(directory::headers_of(&current.name))
            .or_default() += headers_length as u64;
        line.pop();
        self.record(line, &headers, &path).map(Some)
    }

    fn record(&self, line: Vec<u8>, headers: &[u8], path: &Path) -> Result<Record, StoreError> {
        let damaged = || StoreError::File {
            path: path.to_owned(),
            detail: "a line is damaged".to_owned(),
        };
        let values: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(headers).map_err(|_| damaged())?;
        let mut record = Record {
            value: Bytes::from(line),
            headers: Headers::new(),
            ..Record::default()
        };
        for (name, value) in values {
            let value = value.as_str().unwrap_or_default();
            if name == "key" {
                value.clone_into(&mut record.key);
            } else {
                record.headers.push(&name, value);
            }
        }
        if self.selection.stream == Stream::Dead {
            let letter: serde_json::Value =
                serde_json::from_slice(&record.value).map_err(|_| damaged())?;
            let raw = letter["raw"]
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok());
            record.value = Bytes::from(raw.ok_or_else(damaged)?);
            let place = || format!("{}: line {}", path.display(), self.position().offset + 1);
            record = self.vault.decrypted(Kind::Dead, record, place)?;
        }
        Ok(record)
    }

    /// Opens the next file with unread lines.
    fn advance(&mut self) -> Result<bool, StoreError> {
        let unread = self.committed.iter().find(|(name, length)| {
            directory::selected(name, &self.selection)
                && self.read.get(*name).unwrap_or(&0) < *length
        });
        let Some((name, _)) = unread else {
            return Ok(false);
        };
        let name = name.clone();
        let headers = directory::headers_of(&name);
        let values = self.open_at(&name)?;
        let headers = self.open_at(&headers)?;
        self.read.entry(name.clone()).or_default();
        self.current = Some(Lines {
            name,
            values,
            headers,
        });
        Ok(true)
    }

    fn open_at(&self, name: &str) -> Result<BufReader<File>, StoreError> {
        let path = self.directory.join(name);
        let fault = |error: std::io::Error| StoreError::file(&path, &error);
        let mut file = BufReader::new(File::open(&path).map_err(fault)?);
        let from = self.read.get(name).copied().unwrap_or(0);
        file.seek(SeekFrom::Start(from)).map_err(fault)?;
        Ok(file)
    }
}
