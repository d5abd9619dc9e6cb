//! The configuration of `kiln serve`: YAML and a few environment variables, checked whole before anything starts.
//!
//! A file is read in three steps: it becomes a tree that keeps the place of every value; the tree is compared with the
//! JSON Schema of [`Document`], which shows every mistake at once; and what comes out is [`Config`], a type that cannot
//! be wrong.

mod admission;
mod check;
mod checked;
mod conform;
mod document;
mod environment;
mod kafka;
mod listener;
mod node;
mod oidc;
mod problem;
mod secret;

pub use admission::{
    Admission, CertificateName, FeedConfig, NoCertificateName, SUBJECT_ATTRIBUTES,
};
pub use checked::{
    Config, EmbeddedConfig, Layout, Limits, LogFormat, Roles, StoreConfig, TracesConfig,
};
pub use document::{Document, schema};
pub use environment::OVERRIDES;
pub use kafka::{KafkaConfig, SaslConfig, SaslMechanism, TlsConfig, TopicsConfig};
pub use listener::{AckWhen, ClientAuthorities, Lane, ListenerConfig, ListenerTls};
pub use oidc::OidcConfig;
pub use problem::{ConfigErrors, Problem};
pub use secret::{Given, Secret};
