//! The path of a message: listen, the raw log, transform, the outputs; on Kafka or embedded.

pub mod config;
pub mod feed;
pub mod record;
pub mod store;
