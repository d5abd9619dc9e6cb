//! Topics: their partitions, and creating those that are missing when that is asked for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;

use super::client::{self, QUERY_TIMEOUT, fault};
use super::names::{self, Holds};
use super::patience;
use crate::config::KafkaConfig;
use crate::store::StoreError;

/// Whether the cluster answers is known after so long; whoever asks waits a little longer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Beyond its own time a look is left after this.
pub(super) const LOOK_GRACE: Duration = Duration::from_secs(2);
/// A created topic must show in the metadata within so many looks.
const CREATED_LOOKS: u32 = 50;
const CREATED_LOOK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) type Admin = AdminClient<DefaultClientContext>;

/// The topics of one cluster.
pub(super) struct Topics {
    pipeline: String,
    instance: String,
    kafka: KafkaConfig,
    admin: Mutex<Arc<Admin>>,
    partitions: Mutex<HashMap<String, i32>>,
}

impl Topics {
    pub(super) fn new(
        pipeline: &str,
        instance: &str,
        kafka: &KafkaConfig,
    ) -> Result<Topics, StoreError> {
        Ok(Topics {
            pipeline: pipeline.to_owned(),
            instance: instance.to_owned(),
            kafka: kafka.clone(),
            admin: Mutex::new(admin(kafka, pipeline, instance)?),
            partitions: Mutex::default(),
        })
    }

    fn admin(&self) -> Arc<Admin> {
        Arc::clone(&self.admin.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// After a fault: with what the files of credentials and certificates hold by now.
    fn renew(&self) -> Result<(), StoreError> {
        let new = admin(&self.kafka, &self.pipeline, &self.instance)?;
        *self.admin.lock().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// The number of partitions of a topic that is there, or has just been created.
    pub(super) async fn partitions(&self, topic: &str) -> Result<i32, StoreError> {
        if let Some(known) = self.known(topic) {
            return Ok(known);
        }
        let mut found = self.look(topic, QUERY_TIMEOUT).await?;
        if found.is_none() {
            if !self.kafka.topics.create {
                return Err(StoreError::NoTopic {
                    topic: topic.to_owned(),
                });
            }
            self.create(topic).await?;
            for _ in 0..CREATED_LOOKS {
                found = self.look(topic, QUERY_TIMEOUT).await?;
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
        Ok(self.look(topic, QUERY_TIMEOUT).await?.is_some())
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
        self.look(topic, ANSWER_TIMEOUT).await.map(|_| ())
    }

    async fn look(&self, topic: &str, within: Duration) -> Result<Option<i32>, StoreError> {
        let (admin, topic) = (self.admin(), topic.to_owned());
        let looked = patience::within(within + LOOK_GRACE, move || {
            let metadata = admin
                .inner()
                .fetch_metadata(Some(&topic), within)
                .map_err(fault)?;
            let found = metadata.topics().iter().find(|known| known.name() == topic);
            let count = found.map_or(0, |known| known.partitions().len());
            Ok((count > 0).then(|| i32::try_from(count).unwrap_or(i32::MAX)))
        })
        .await
        .flatten();
        if looked.is_err() {
            self.renew()?;
        }
        looked
    }

    async fn create(&self, topic: &str) -> Result<(), StoreError> {
        let replication = TopicReplication::Fixed(self.kafka.topics.replication);
        let mut new = NewTopic::new(topic, self.kafka.topics.partitions, replication);
        let holds = names::place(topic, &self.pipeline).map_or(Holds::Fhir, |place| place.holds);
        for (name, value) in holds.settings() {
            new = new.set(name, value);
        }
        let options = AdminOptions::new().operation_timeout(Some(QUERY_TIMEOUT));
        for created in self
            .admin()
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

/// A client with what the files of credentials and certificates hold now.
pub(super) fn admin(
    kafka: &KafkaConfig,
    pipeline: &str,
    instance: &str,
) -> Result<Arc<Admin>, StoreError> {
    let config = client::consuming(kafka, pipeline, instance)?;
    config.create().map(Arc::new).map_err(fault)
}
