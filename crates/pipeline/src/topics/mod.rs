//! Whether the topics of a pipeline on Kafka are as its configuration asks, and deleting them.
//!
//! A topic is made once and then lives on its own: others change its settings, a broker's defaults were other ones, or it
//! was there before. What differs is told of and never changed: more partitions would break the order of feeds, and the
//! rest is for whoever runs the brokers to decide.

mod drift;
mod watch;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::config::{Config, KafkaConfig, StoreConfig};
use crate::store::{StoreError, kafka};

pub use crate::store::kafka::Topic;
pub(crate) use drift::drifts;
pub use drift::{Aspect, Drift};
pub(crate) use watch::{Standing, TopicsMetrics, watch};

/// The topics of a pipeline, and where they differ from what its configuration asks.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Those that are there, by name; without those of shadows.
    pub topics: Vec<Topic>,
    /// What is not as asked, in the order of the topics.
    pub drifted: Vec<Drift>,
}

/// Looks at the topics of a pipeline.
///
/// # Errors
/// When the brokers do not answer or refuse; when the store is the embedded one.
pub async fn check(config: &Config) -> Result<Check, StoreError> {
    let mut topics = kafka::topics(&config.name, &config.instance, of_kafka(config)?).await?;
    topics.retain(|topic| !topic.shadow);
    let drifted = drifts(config, &topics);
    Ok(Check { topics, drifted })
}

/// Deletes every topic of a pipeline, those of its shadows too, with all they hold; returns their names. Nothing may
/// write to them meanwhile. Where it is given up in the middle, the next call deletes the rest.
///
/// # Errors
/// When the brokers do not answer or refuse, with the first topic that stays; when the store is the embedded one.
pub async fn delete(config: &Config) -> Result<BTreeSet<String>, StoreError> {
    kafka::delete_topics(&config.name, &config.instance, of_kafka(config)?).await
}

fn of_kafka(config: &Config) -> Result<&KafkaConfig, StoreError> {
    match &config.store {
        StoreConfig::Kafka(kafka) => Ok(kafka),
        StoreConfig::Embedded(_) => Err(StoreError::NoTopics),
    }
}
