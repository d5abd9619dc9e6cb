//! The output files: lines are appended and synced before the transaction that states their length.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::directory;
use super::log::{AUDIT, Log};
use crate::audit::Head;
use crate::record::Record;
use crate::store::{Output, StoreError, Target};
use crate::vault::{Kind, Vault};

/// What is to be committed of what was written.
pub(super) struct Grown {
    /// The new lengths.
    pub(super) lengths: BTreeMap<String, u64>,
    /// The new head of the chain of audit events.
    pub(super) head: Option<Head>,
}

/// The output files of a directory and their committed lengths.
pub(super) struct Outputs {
    directory: PathBuf,
    files: BTreeMap<String, File>,
    committed: BTreeMap<String, u64>,
    /// The committed head of the chain of audit events.
    head: Head,
    /// Whether a transaction failed, so that only the log knows what was committed.
    doubtful: bool,
    vault: Vault,
}

impl Outputs {
    /// Opens the files and cuts off what was never committed.
    pub(super) fn open(
        directory: &Path,
        committed: BTreeMap<String, u64>,
        head: Option<Head>,
        vault: Vault,
    ) -> Result<Outputs, StoreError> {
        for folder in ["fhir", "headers/fhir"] {
            let path = directory.join(folder);
            fs::create_dir_all(&path).map_err(|error| StoreError::file(&path, &error))?;
        }
        let mut outputs = Outputs {
            directory: directory.to_owned(),
            files: BTreeMap::new(),
            committed,
            head: head.unwrap_or_else(|| Head::begin(AUDIT)),
            doubtful: false,
            vault,
        };
        for folder in ["", "fhir", "headers", "headers/fhir"] {
            outputs.open_folder(folder)?;
        }
        outputs.rollback()?;
        outputs.publish()?;
        Ok(outputs)
    }

    fn open_folder(&mut self, folder: &str) -> Result<(), StoreError> {
        let path = self.directory.join(folder);
        let entries = fs::read_dir(&path).map_err(|error| StoreError::file(&path, &error))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".ndjson") {
                self.file(&if folder.is_empty() {
                    name
                } else {
                    format!("{folder}/{name}")
                })?;
            }
        }
        Ok(())
    }

    fn file(&mut self, name: &str) -> Result<&File, StoreError> {
        if !self.files.contains_key(name) {
            let path = self.directory.join(name);
            let fault = |error: std::io::Error| StoreError::file(&path, &error);
            let file = OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(false)
                .open(&path)
                .map_err(fault)?;
            if let Some(folder) = path.parent() {
                File::open(folder)
                    .and_then(|folder| folder.sync_all())
                    .map_err(fault)?;
            }
            self.files.insert(name.to_owned(), file);
        }
        Ok(&self.files[name])
    }

    /// Writes and syncs the lines.
    pub(super) fn write(&mut self, outputs: &[Output]) -> Result<Grown, StoreError> {
        let mut buffers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let mut head = self.head.clone();
        for output in outputs {
            let changed = match output.target {
                Target::Audit => Some(Record {
                    value: head.seal(&output.record.value),
                    ..output.record.clone()
                }),
                Target::Dead => Some(self.vault.encrypted(Kind::Dead, output.record.clone())?),
                Target::Resource(_) | Target::Bundle => None,
            };
            let record = changed.as_ref().unwrap_or(&output.record);
            let name = directory::lines_of(&output.target);
            let headers = directory::headers_of(&name);
            line(&output.target, record, buffers.entry(name).or_default());
            header_line(record, buffers.entry(headers).or_default());
        }
        let mut lengths = BTreeMap::new();
        for (name, lines) in buffers {
            let from = self.committed.get(&name).copied().unwrap_or(0);
            let path = self.directory.join(&name);
            let file = self.file(&name)?;
            file.write_all_at(&lines, from)
                .and_then(|()| file.sync_data())
                .map_err(|error| StoreError::file(&path, &error))?;
            lengths.insert(name, from + lines.len() as u64);
        }
        let head = (head != self.head).then_some(head);
        Ok(Grown { lengths, head })
    }

    /// Takes over what was committed, and tells readers.
    pub(super) fn committed(&mut self, grown: Grown) -> Result<(), StoreError> {
        self.committed.extend(grown.lengths);
        if let Some(head) = grown.head {
            self.head = head;
        }
        self.publish()
    }

    /// Says that a transaction failed, whose lengths may be durable all the same.
    pub(super) fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// After a transaction that failed: takes over what the log has, and cuts off what was never committed.
    pub(super) fn settle(&mut self, log: &Log) -> Result<(), StoreError> {
        if self.doubtful {
            self.committed = log.lengths()?;
            self.head = log.head()?.unwrap_or_else(|| Head::begin(AUDIT));
            self.rollback()?;
            self.doubtful = false;
        }
        Ok(())
    }

    /// Cuts off what was never committed.
    fn rollback(&mut self) -> Result<(), StoreError> {
        for (name, file) in &self.files {
            let length = self.committed.get(name).copied().unwrap_or(0);
            file.set_len(length)
                .map_err(|error| StoreError::file(&self.directory.join(name), &error))?;
        }
        Ok(())
    }

    /// The files for readers are only ever behind the transaction, never before it, and the head is behind the lengths.
    fn publish(&self) -> Result<(), StoreError> {
        let lengths = serde_json::to_string(&self.committed).unwrap_or_default();
        replace(&directory::committed(&self.directory), &lengths)?;
        if self.head.number == 0 {
            return Ok(());
        }
        replace(&directory::audit_head(&self.directory), &self.head.text())
    }
}

fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let draft = path.with_extension("draft");
    fs::write(&draft, text)
        .and_then(|()| fs::rename(&draft, path))
        .map_err(|error| StoreError::file(path, &error))
}

/// One line: JSON as it is; a dead letter's bytes in base64, since they may be anything.
fn line(target: &Target, record: &Record, out: &mut Vec<u8>) {
    if *target == Target::Dead {
        out.extend_from_slice(b"{\"raw\":\"");
        out.extend_from_slice(STANDARD.encode(&record.value).as_bytes());
        out.extend_from_slice(b"\"}");
    } else {
        out.extend_from_slice(&record.value);
    }
    out.push(b'\n');
}

fn header_line(record: &Record, out: &mut Vec<u8>) {
    let mut headers = serde_json::Map::new();
    headers.insert("key".to_owned(), record.key.clone().into());
    for (name, value) in record.headers.iter() {
        headers.insert(name.to_owned(), value.into());
    }
    out.extend_from_slice(serde_json::Value::Object(headers).to_string().as_bytes());
    out.push(b'\n');
}
