//! The embedded store: one process, one directory, ACID.
//!
//! ```text
//! raw.redb                     the raw log, the position, the committed length of every file below
//! fhir/<ResourceType>.ndjson   resources, one a line          headers/fhir/…   the headers of each line
//! dead.ndjson                  dead letters, bytes in base64  headers/dead.ndjson
//! audit.ndjson                 audit events                   headers/audit.ndjson
//! disclosures/AuditEvent.ndjson  what was shown of the messages, to whom and why; any process appends to it
//! bulk/raw.redb                the raw log of the bulk lane; its position is beside that of the other
//! shadows/<name>/              the outputs of a replay: a store of its own
//! committed.json               the committed lengths, for readers in other processes
//! audit-head.json              the last audit event by number and digest, for the same
//! kiln.sock                    where the process that has the directory takes commands of others
//! ```
//! Lines are written and synced before the transaction that states their length; what lies beyond the committed length
//! is cut off when the directory is opened. So a crash neither loses nor repeats a line.

mod database;
mod directory;
mod disclosure;
mod guest;
mod host;
mod log;
mod outputs;
mod raw_reader;
mod reader;
mod rights;
mod source;
mod store;
mod times;
mod wire;

pub(super) use directory::disclosures;
pub(super) use disclosure::disclose;
pub use guest::Guest;
pub(crate) use host::Host;
pub(super) use reader::{EmbeddedReader, audit_heads};
pub use store::EmbeddedStore;
