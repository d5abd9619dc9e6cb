//! Topics: their partitions, and creating those that are missing when that is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::client::{QUERY_TIMEOUT, fault};
use crate::config::TopicsConfig;
use crate::store::StoreError;

/// A created topic must show in the metadata within so many looks.
const CREATED_LOOKS: u32 = 50;
const CREATED_LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// The topics of one cluster.
pub(super) struct Topics {
    admin: Arc<AdminClient<DefaultClientContext>>,
    settings: TopicsConfig,
    partitions: Mutex<HashMap<String, i32>>,
}

impl Topics {
    pub(super) fn new(admin: AdminClient<DefaultClientContext>, settings: TopicsConfig) -> Topics {
        Topics {
            admin: Arc::new(admin),
            settings,
            partitions: Mutex::default(),
        }
    }

    /// The number of partitions of a topic that is there, or has just been created.
    pub(super) async fn partitions(&self, topic: &str) -> Result<i32, StoreError> {
        if let Some(known) = self.known(topic) {
            return Ok(known);
        }
        let mut found = self.look(topic).await?;
        if found.is_none() {
            if !self.settings.create {
                return Err(StoreError::NoTopic {
                    topic: topic.to_owned(),
                });
            }
            self.create(topic).await?;
            for _ in 0..CREATED_LOOKS {
                found = self.look(topic).await?;
                if found.is_some() {
                    break;
                }
                tokio::time::sleep(CREATED_LOOK_INTERVAL).await;
            }
        }
        let count = found.ok_or_else(|| StoreError::NoTopic {
            topic: topic.to_owned(),
        })?;
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(topic.to_owned(), count);
        Ok(count)
    }

    /// Whether a topic is there.
    pub(super) async fn exists(&self, topic: &str) -> Result<bool, StoreError> {
        Ok(self.look(topic).await?.is_some())
    }

    /// The number of partitions, if it was asked for before.
    pub(super) fn known(&self, topic: &str) -> Option<i32> {
        self.partitions
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(topic)
            .copied()
    }

    /// Whether the cluster answers at all.
    pub(super) async fn answer(&self, topic: &str) -> Result<(), StoreError> {
        self.look(topic).await.map(|_| ())
    }

    async fn look(&self, topic: &str) -> Result<Option<i32>, StoreError> {
        let (admin, topic) = (Arc::clone(&self.admin), topic.to_owned());
        tokio::task::spawn_blocking(move || {
            let metadata = admin
                .inner()
                .fetch_metadata(Some(&topic), QUERY_TIMEOUT)
                .map_err(fault)?;
            let found = metadata.topics().iter().find(|known| known.name() == topic);
            let count = found.map_or(0, |known| known.partitions().len());
            Ok((count > 0).then(|| i32::try_from(count).unwrap_or(i32::MAX)))
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    async fn create(&self, topic: &str) -> Result<(), StoreError> {
        let replication = TopicReplication::Fixed(self.settings.replication);
        // The brokers' clock: that of an instance that is wrong must not have records refused or deleted early.
        let new = NewTopic::new(topic, self.settings.partitions, replication)
            .set("message.timestamp.type", "LogAppendTime");
        let options = AdminOptions::new().operation_timeout(Some(QUERY_TIMEOUT));
        for created in self
            .admin
            .create_topics([&new], &options)
            .await
            .map_err(fault)?
        {
            match created {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => {
                    return Err(StoreError::Kafka(format!(
                        "topic {topic} cannot be created: {code}"
                    )));
                }
            }
        }
        Ok(())
    }
}
