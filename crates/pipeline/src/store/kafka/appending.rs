//! The producer of raw messages, as long as it is of use.

use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::producer::{FutureProducer, Producer};

use super::client;
use super::refusals::Refusals;
use crate::config::KafkaConfig;
use crate::store::StoreError;

/// A producer that the brokers refuse is made anew after so long at the earliest.
const RENEW_INTERVAL: Duration = Duration::from_secs(1);

/// What messages are sent by.
pub(super) type Producing = FutureProducer<Refusals>;

/// A producer of raw messages.
pub(super) struct Appending {
    producer: Producing,
    refusals: Refusals,
    made: Instant,
}

impl Appending {
    pub(super) fn new(kafka: &KafkaConfig, instance: &str) -> Result<Appending, StoreError> {
        let (config, refusals) = (client::appending(kafka, instance)?, Refusals::default());
        let producer = FutureProducer::from_config_and_context(&config, refusals.clone());
        Ok(Appending {
            producer: producer.map_err(client::fault)?,
            refusals,
            made: Instant::now(),
        })
    }

    pub(super) fn handle(&self) -> Producing {
        self.producer.clone()
    }

    /// Why it is of no more use: a fatal fault, which an idempotent producer does not recover from, or credentials and
    /// certificates that are not accepted, and which a new one reads anew.
    pub(super) fn is_spent(&self) -> Option<String> {
        if let Some((_, detail)) = self.producer.client().fatal_error() {
            return Some(detail);
        }
        self.refused()
            .filter(|_| self.made.elapsed() >= RENEW_INTERVAL)
    }

    /// Why the brokers did not let it in.
    pub(super) fn refused(&self) -> Option<String> {
        self.refusals.why()
    }
}
