//! The store's handle: appends, and outputs from outside a batch.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{DeliveryFuture, FutureRecord};

use super::appending::{Appending, Producing};
use super::begin::begin;
use super::chained::Writer;
use super::client;
use super::decider::KafkaDecider;
use super::keeping::Keeping;
use super::last;
use super::names;
use super::reader::KafkaReader;
use super::source::{KafkaSource, Settings};
use super::topics::Topics;
use super::transaction;
use crate::config::{KafkaConfig, Lane};
use crate::feed::partition_of;
use crate::record::{Record, header};
use crate::store::{
    Begin, Decider, Output, Position, RawReader, Receipt, ReplayInto, ReplayJob, Source, Store,
    StoreError, Target,
};
use crate::vault::{Kind, Vault};

/// How long to wait before a full queue is tried again.
const QUEUE_FULL_INTERVAL: Duration = Duration::from_millis(10);
/// A full queue is tried so often before the append fails.
const QUEUE_FULL_TRIES: u32 = 3000;

/// The store on Kafka.
pub struct KafkaStore {
    pipeline: String,
    /// The first part of the names of this handle's lane: [`names::lane`].
    lane: String,
    instance: String,
    kafka: KafkaConfig,
    producer: Mutex<Appending>,
    topics: Arc<Topics>,
    vault: Vault,
    /// One for all lanes: there is one transactional id.
    keeping: Arc<Keeping>,
}

impl KafkaStore {
    /// Connects, and sees to the topics that do not depend on the messages.
    pub(crate) async fn open(
        pipeline: &str,
        instance: &str,
        kafka: &KafkaConfig,
        vault: Vault,
    ) -> Result<KafkaStore, StoreError> {
        let producer = Appending::new(kafka, instance)?;
        let topics = Arc::new(Topics::new(pipeline, instance, kafka)?);
        for target in [Target::Dead, Target::Audit] {
            let found = topics.partitions(&names::output(pipeline, &target)).await;
            // Who asks for topics is told only that nobody answers.
            found.map_err(|error| producer.refused().map_or(error, StoreError::Refused))?;
        }
        let id = format!("{pipeline}-audit-{instance}");
        let writer = Writer::new(pipeline, instance, kafka, &topics, id).await?;
        let keeping = Arc::new(Keeping::new(writer));
        topics.partitions(&names::raw(pipeline)).await?;
        Ok(KafkaStore {
            pipeline: pipeline.to_owned(),
            lane: pipeline.to_owned(),
            instance: instance.to_owned(),
            kafka: kafka.clone(),
            producer: Mutex::new(producer),
            topics,
            vault,
            keeping,
        })
    }

    /// The producer; a new one where the old one is of no more use.
    fn producer(&self) -> Result<Producing, StoreError> {
        let mut producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(why) = producer.is_spent() {
            tracing::warn!(why, "the producer is made anew");
            *producer = Appending::new(&self.kafka, &self.instance)?;
        }
        Ok(producer.handle())
    }

    /// How many partitions the audit topic of a pipeline has.
    async fn audit_partitions(&self, pipeline: &str) -> Result<i32, StoreError> {
        let topic = names::output(pipeline, &Target::Audit);
        self.topics.partitions(&topic).await
    }

    async fn send(&self, topic: &str, record: &Record) -> Result<DeliveryFuture, StoreError> {
        let feed = record.headers.get(header::FEED).unwrap_or(&record.key);
        let partition = partition_of(feed, self.topics.partitions(topic).await?);
        let mut message = FutureRecord::to(topic)
            .key(&record.key)
            .payload(record.value.as_ref())
            .partition(partition)
            .headers(client::to_kafka(&record.headers));
        let producer = self.producer()?;
        for _ in 0..QUEUE_FULL_TRIES {
            match producer.send_result(message) {
                Ok(delivery) => return Ok(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), again)) => {
                    message = again;
                    tokio::time::sleep(QUEUE_FULL_INTERVAL).await;
                }
                Err((error, _)) => return Err(client::fault(error)),
            }
        }
        Err(StoreError::Kafka("the queue stays full".to_owned()))
    }
}

async fn delivered(delivery: DeliveryFuture) -> Result<Position, StoreError> {
    match delivery.await {
        Ok(Ok(place)) => Ok(Position {
            partition: place.partition,
            offset: place.offset,
        }),
        Ok(Err((error, _))) => Err(client::fault(error)),
        Err(_) => Err(StoreError::Closed),
    }
}

#[async_trait]
impl Store for KafkaStore {
    async fn append(&self, record: Record) -> Result<Receipt, StoreError> {
        let record = self.vault.encrypted(Kind::Raw, record)?;
        let delivery = self.send(&names::raw(&self.lane), &record).await?;
        Ok(Box::pin(delivered(delivery)))
    }

    async fn last_of(
        &self,
        feed: &str,
        header: &str,
        within: usize,
    ) -> Result<Option<Record>, StoreError> {
        let topic = names::raw(&self.lane);
        let partition = partition_of(feed, self.topics.partitions(&topic).await?);
        let group = format!("{}-last", self.lane);
        let reader = client::consuming(&self.kafka, &group, &self.instance)?;
        let (feed, header) = (feed.to_owned(), header.to_owned());
        let is_it =
            move |record: &Record| record.key == feed && record.headers.get(&header).is_some();
        let vault = self.vault.clone();
        tokio::task::spawn_blocking(move || {
            let last = last::read(reader, &topic, partition, within, is_it)?;
            last.map(|raw| client::decrypted(&vault, &topic, Kind::Raw, raw))
                .transpose()
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    async fn keep(&self, outputs: Vec<Output>) -> Result<(), StoreError> {
        let placed = transaction::place(&self.pipeline, &self.topics, &self.vault, outputs).await?;
        self.keeping.keep(placed).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let answered = self.topics.answer(&names::raw(&self.lane)).await;
        // The client that asks is told only that nobody answers.
        answered.map_err(|error| {
            let producer = self.producer.lock().unwrap_or_else(PoisonError::into_inner);
            producer.refused().map_or(error, StoreError::Refused)
        })
    }

    async fn source(&self, tail: usize) -> Result<Box<dyn Source>, StoreError> {
        let settings = Settings {
            pipeline: self.lane.clone(),
            instance: self.instance.clone(),
            kafka: self.kafka.clone(),
            group: format!("{}-transform", self.lane),
            transactional_id: format!("{}-transform-{}", self.lane, self.instance),
            audit_partitions: self.audit_partitions(&self.pipeline).await?,
            into: self.pipeline.clone(),
            vault: self.vault.clone(),
            tail,
            ends: false,
        };
        let source = KafkaSource::open(settings, Arc::clone(&self.topics)).await?;
        Ok(Box::new(source))
    }

    async fn replay(&self, job: &ReplayJob, tail: usize) -> Result<Box<dyn Source>, StoreError> {
        let into = match &job.into {
            ReplayInto::Same => self.pipeline.clone(),
            ReplayInto::Shadow(name) => format!("{}.{name}", self.pipeline),
        };
        let group = format!("{}-replay-{}", self.lane, job.name);
        if let Some(since_ms) = job.since_ms {
            let topic = names::raw(&self.lane);
            let partitions = self.topics.partitions(&topic).await?;
            let of_group = client::consuming(&self.kafka, &group, &self.instance)?;
            tokio::task::spawn_blocking(move || begin(&of_group, &topic, partitions, since_ms))
                .await
                .map_err(|_| StoreError::Closed)??;
        }
        let settings = Settings {
            pipeline: self.lane.clone(),
            instance: self.instance.clone(),
            kafka: self.kafka.clone(),
            transactional_id: group.clone(),
            group,
            audit_partitions: self.audit_partitions(&into).await?,
            into,
            vault: self.vault.clone(),
            tail,
            ends: true,
        };
        let source = KafkaSource::open(settings, Arc::clone(&self.topics)).await?;
        Ok(Box::new(source))
    }

    async fn read_raw(&self, begin: Begin) -> Result<Box<dyn RawReader>, StoreError> {
        let partitions = self.topics.partitions(&names::raw(&self.lane)).await?;
        let vault = self.vault.clone();
        let reader = KafkaReader::raw(&self.kafka, &self.lane, partitions, begin, vault).await?;
        Ok(Box::new(reader))
    }

    async fn bulk(&self, needed: bool) -> Result<Option<Arc<dyn Store>>, StoreError> {
        let lane = names::lane(&self.pipeline, Lane::Bulk);
        if !needed && !self.topics.exists(&names::raw(&lane)).await? {
            return Ok(None);
        }
        self.topics.partitions(&names::raw(&lane)).await?;
        let producer = Appending::new(&self.kafka, &self.instance)?;
        let store = KafkaStore {
            pipeline: self.pipeline.clone(),
            lane,
            instance: self.instance.clone(),
            kafka: self.kafka.clone(),
            producer: Mutex::new(producer),
            topics: Arc::clone(&self.topics),
            vault: self.vault.clone(),
            keeping: Arc::clone(&self.keeping),
        };
        Ok(Some(Arc::new(store)))
    }

    async fn decider(&self) -> Result<Box<dyn Decider>, StoreError> {
        let topics = Arc::clone(&self.topics);
        let vault = self.vault.clone();
        let decider =
            KafkaDecider::open(&self.pipeline, &self.instance, &self.kafka, topics, vault).await?;
        Ok(Box::new(decider))
    }
}
