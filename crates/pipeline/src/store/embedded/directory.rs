//! Names within the directory.

use std::path::{Path, PathBuf};

use crate::store::{Selection, Stream, Target};

/// The raw log, the position and the committed lengths.
pub(super) fn log(directory: &Path) -> PathBuf {
    directory.join("raw.redb")
}

/// The committed lengths for readers in other processes.
pub(super) fn committed(directory: &Path) -> PathBuf {
    directory.join("committed.json")
}

/// How far the chain of audit events is, for readers in other processes.
pub(super) fn audit_head(directory: &Path) -> PathBuf {
    directory.join("audit-head.json")
}

/// Audit events of what was shown of the messages.
pub(in crate::store) fn disclosures(directory: &Path) -> PathBuf {
    directory.join("disclosures/AuditEvent.ndjson")
}

/// Where the process that has the directory takes commands.
pub(super) fn socket(directory: &Path) -> PathBuf {
    directory.join("kiln.sock")
}

/// The directory of the bulk lane's raw log.
pub(super) fn bulk(directory: &Path) -> PathBuf {
    directory.join("bulk")
}

/// The directory of a replay's outputs.
pub(super) fn shadow(directory: &Path, name: &str) -> PathBuf {
    directory.join("shadows").join(name)
}

/// The file of a target, relative to the directory.
pub(super) fn lines_of(target: &Target) -> String {
    match target {
        Target::Resource(resource_type) => format!("fhir/{resource_type}.ndjson"),
        Target::Bundle => "fhir/Bundle.ndjson".to_owned(),
        Target::Dead => "dead.ndjson".to_owned(),
        Target::Audit => "audit.ndjson".to_owned(),
    }
}

/// The file that holds the headers of each line of `lines`.
pub(super) fn headers_of(lines: &str) -> String {
    format!("headers/{lines}")
}

/// Whether a file of lines belongs to what is to be read.
pub(super) fn selected(lines: &str, selection: &Selection) -> bool {
    match (selection.stream, lines.strip_prefix("fhir/")) {
        (Stream::Fhir, Some(name)) => selection
            .resource_type
            .as_deref()
            .is_none_or(|wanted| name.strip_suffix(".ndjson") == Some(wanted)),
        (Stream::Dead, None) => lines == "dead.ndjson",
        (Stream::Audit, None) => lines == "audit.ndjson",
        _ => false,
    }
}
