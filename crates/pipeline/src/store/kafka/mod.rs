//! Kafka: production, many instances. Outputs are topics.

mod appending;
mod begin;
mod chained;
mod client;
mod decider;
mod events;
mod heads;
mod keeping;
mod last;
mod names;
mod patience;
mod reader;
mod refusals;
mod source;
mod store;
mod times;
mod topics;
mod transaction;
mod wall_clock;

pub(super) use heads::{audit_heads, disclose};
pub(super) use reader::KafkaReader;
pub use store::KafkaStore;
