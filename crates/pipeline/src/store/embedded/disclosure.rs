//! Audit events of what was done with the messages: a file of their own, which every process may append to, and a chain of
//! its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::directory;
use crate::audit::Head;
use crate::record::Record;
use crate::store::StoreError;

/// The writer that the chain is named after.
const WRITER: &str = "disclosures";
/// Most bytes at the end of the file in which the last event is looked for; none is as long.
const LAST_BYTES: u64 = 256 * 1024;

/// Appends the events, one a line, and returns once they are on disk.
pub(in crate::store) fn disclose(root: &Path, events: &[Record]) -> Result<(), StoreError> {
    let path = directory::disclosures(root);
    let fault = |error: std::io::Error| StoreError::file(&path, &error);
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(fault)?;
    let mut file = OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(&path)
        .map_err(fault)?;
    // Of several processes one at a time: each has to know the last event. Ends with the file.
    file.lock().map_err(fault)?;
    let mut head = last(&mut file)
        .map_err(fault)?
        .unwrap_or_else(|| Head::begin(WRITER));
    let mut lines = Vec::new();
    for event in events {
        lines.extend_from_slice(&head.seal(&event.value));
        lines.push(b'\n');
    }
    file.write_all(&lines)
        .and_then(|()| file.sync_data())
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(fault)
}

/// The head of the chain that the last event is in. What a crash left behind it, without the end of its line, was confirmed to
/// nobody and is cut off.
fn last(file: &mut File) -> std::io::Result<Option<Head>> {
    let length = file.metadata()?.len();
    let from = length.saturating_sub(LAST_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut end = Vec::new();
    file.take(LAST_BYTES).read_to_end(&mut end)?;
    let whole = end
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    if whole < end.len() && (from == 0 || whole > 0) {
        file.set_len(from + whole as u64)?;
    }
    let line = end[..whole].strip_suffix(b"\n").unwrap_or_default();
    let line = line
        .rsplit(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    Ok(Head::of(line))
}
