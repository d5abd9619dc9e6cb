//! Decisions about dead letters: raw messages and decisions in one transaction, under one transactional id for the whole
//! pipeline, so that of two deciders the later fences the earlier.

use std::sync::Arc;

use async_trait::async_trait;
use rdkafka::producer::Producer;

use super::client::{QUERY_TIMEOUT, TRANSACTION_TIMEOUT, fault};
use super::topics::Topics;
use super::transaction::{self, Placed, TransactionalProducer, produce, retried};
use crate::config::{KafkaConfig, Lane};
use crate::record::Record;
use crate::store::{Decider, Output, StoreError};

pub(super) struct KafkaDecider {
    pipeline: String,
    topics: Arc<Topics>,
    producer: Arc<TransactionalProducer>,
}

impl KafkaDecider {
    pub(super) async fn open(
        pipeline: &str,
        instance: &str,
        kafka: &KafkaConfig,
        topics: Arc<Topics>,
    ) -> Result<KafkaDecider, StoreError> {
        let (id, instance, kafka) = (
            format!("{pipeline}-dead"),
            instance.to_owned(),
            kafka.clone(),
        );
        let producer =
            tokio::task::spawn_blocking(move || transaction::producer(&kafka, &instance, &id))
                .await
                .map_err(|_| StoreError::Closed)??;
        Ok(KafkaDecider {
            pipeline: pipeline.to_owned(),
            topics,
            producer: Arc::new(producer),
        })
    }
}

#[async_trait]
impl Decider for KafkaDecider {
    async fn commit(
        &mut self,
        raw: Vec<(Lane, Record)>,
        outputs: Vec<Output>,
    ) -> Result<(), StoreError> {
        let mut placed = transaction::place_raw(&self.pipeline, &self.topics, raw).await?;
        placed.extend(transaction::place(&self.pipeline, &self.topics, outputs).await?);
        let producer = Arc::clone(&self.producer);
        tokio::task::spawn_blocking(move || commit(&producer, &placed))
            .await
            .map_err(|_| StoreError::Closed)?
    }
}

fn commit(producer: &TransactionalProducer, placed: &[Placed]) -> Result<(), StoreError> {
    producer.begin_transaction().map_err(fault)?;
    let done = placed
        .iter()
        .try_for_each(|placed| produce(producer, placed))
        .and_then(|()| retried(|| producer.commit_transaction(TRANSACTION_TIMEOUT)));
    if done.is_err() {
        // The producer is of no more use in any case; this only spares readers the wait.
        let _ = producer.abort_transaction(QUERY_TIMEOUT);
    }
    done
}
