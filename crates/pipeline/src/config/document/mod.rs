//! The configuration as it is written: every key with what it means. The JSON Schema is made from these types.

mod listener;
mod whole;

pub(super) use listener::{FeedDocument, ListenerDocument, ListenerTlsDocument};
pub use whole::{Document, schema};
pub(super) use whole::{
    EmbeddedDocument, HttpDocument, KafkaDocument, OidcDocument, Role, StoreDocument,
};
