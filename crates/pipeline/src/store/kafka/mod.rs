//! Kafka: production, many instances. Outputs are topics.

mod client;
mod names;
mod reader;
mod source;
mod store;
mod topics;

pub(super) use reader::KafkaReader;
pub use store::KafkaStore;
