//! MLLP over TLS 1.2 and 1.3, with mutual TLS when the listener names the senders' authorities.
//!
//! The files are read again while the listener runs ([`watch`]): a change is in force once all of them are right together, and
//! until then what was before. It is in force for open connections too: [`standing`] ends one whose certificate is no longer
//! accepted.

mod error;
mod fault;
mod files;
mod force;
mod handshake;
mod identity;
mod metrics;
mod standing;
mod watch;

pub use error::TlsError;
pub(super) use fault::Fault;
pub(super) use handshake::{Refused, Welcome, handshake};
pub(super) use identity::{Fingerprint, Identity};
pub(crate) use metrics::TlsMetrics;
pub(super) use standing::Standing;
pub(crate) use watch::{Tls, TlsWatch, check};
