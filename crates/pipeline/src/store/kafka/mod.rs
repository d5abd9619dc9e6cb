//! Kafka: production, many instances. Outputs are topics.

mod appending;
mod begin;
mod client;
mod decider;
mod events;
mod last;
mod names;
mod reader;
mod source;
mod store;
mod times;
mod topics;
mod transaction;

pub(super) use reader::KafkaReader;
pub use store::KafkaStore;
