//! Audit events of what was shown of the messages: a file of their own, which every process may append to.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::directory;
use crate::record::Record;
use crate::store::StoreError;

/// Appends the events, one a line, and returns once they are on disk.
pub(in crate::store) fn disclose(root: &Path, events: &[Record]) -> Result<(), StoreError> {
    let path = directory::disclosures(root);
    let fault = |error: std::io::Error| StoreError::file(&path, &error);
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(fault)?;
    let mut lines = Vec::new();
    for event in events {
        lines.extend_from_slice(&event.value);
        lines.push(b'\n');
    }
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(fault)?;
    // One write: lines of two processes do not mix.
    file.write_all(&lines)
        .and_then(|()| file.sync_data())
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(fault)
}
