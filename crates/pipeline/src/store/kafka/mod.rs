//! Kafka: production, many instances. Outputs are topics.

mod appending;
mod begin;
mod chained;
mod client;
mod decider;
mod events;
mod heads;
mod inventory;
mod keeping;
mod last;
mod names;
mod patience;
mod reader;
mod refusals;
mod retrying;
mod source;
mod store;
mod times;
mod topics;
mod transaction;
mod wall_clock;
mod watermarks;

pub(super) use heads::{audit_heads, disclose};
pub use inventory::Topic;
pub(crate) use inventory::{delete as delete_topics, topics};
pub use names::Holds;
pub(crate) use names::needed;
pub(super) use reader::KafkaReader;
pub use store::KafkaStore;
