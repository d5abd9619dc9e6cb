//! Decisions about dead letters: raw messages and decisions in one transaction, under one transactional id for the whole
//! pipeline, so that of two deciders the later fences the earlier.

use std::sync::Arc;

use super::chained::{Chained, Writer};
use super::topics::Topics;
use super::transaction;
use crate::config::{KafkaConfig, Lane};
use crate::record::Record;
use crate::store::{Decider, Output, StoreError};
use crate::vault::Vault;
use async_trait::async_trait;

pub(super) struct KafkaDecider {
    pipeline: String,
    topics: Arc<Topics>,
    vault: Vault,
    /// None after a fault.
    chained: Option<Chained>,
}

impl KafkaDecider {
    pub(super) async fn open(
        pipeline: &str,
        instance: &str,
        kafka: &KafkaConfig,
        topics: Arc<Topics>,
        vault: Vault,
    ) -> Result<KafkaDecider, StoreError> {
        let id = format!("{pipeline}-dead");
        let writer = Writer::new(pipeline, instance, kafka, &topics, id).await?;
        let chained = tokio::task::spawn_blocking(move || Chained::open(writer))
            .await
            .map_err(|_| StoreError::Closed)??;
        Ok(KafkaDecider {
            pipeline: pipeline.to_owned(),
            topics,
            vault,
            chained: Some(chained),
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
        let (pipeline, topics, vault) = (&self.pipeline, &self.topics, &self.vault);
        let mut placed = transaction::place_raw(pipeline, topics, vault, raw).await?;
        placed.extend(transaction::place(pipeline, topics, vault, outputs).await?);
        let mut chained = self.chained.take().ok_or(StoreError::Closed)?;
        let chained = tokio::task::spawn_blocking(move || {
            let sealed = chained.seal(&placed);
            chained.commit(&sealed).map(|()| chained)
        });
        self.chained = Some(chained.await.map_err(|_| StoreError::Closed)??);
        Ok(())
    }
}
