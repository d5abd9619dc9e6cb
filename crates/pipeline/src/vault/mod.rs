//! Encryption of what is kept of messages: the raw log and the dead letters, in either store.
//!
//! ```text
//! keyFile ──▶ Keys: the first encrypts, all decrypt
//!               │ wraps, AES-256-GCM
//!               ▼
//!            data key, of this process and for a while ──▶ wrapped, it stands in each record
//!               │ encrypts, AES-256-GCM
//!               ▼
//!            the record's value, bound to its stream, its feed and the headers that identify it
//! ```
//! `ENCRYPTION.md` has the format, so that other readers of the streams can do without Kiln.

mod data_key;
mod envelope;
mod keys;
mod metrics;
mod renew;
mod safe;

pub use keys::KeysError;
pub(crate) use metrics::VaultMetrics;
pub(crate) use renew::renew;
pub(crate) use safe::{Kind, Vault};
