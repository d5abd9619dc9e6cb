//! Reads topics back: committed records only.

use std::collections::{BTreeSet, VecDeque};

use async_trait::async_trait;
use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::metadata::MetadataPartition;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, QUERY_TIMEOUT, fault};
use super::{names, times};
use crate::config::KafkaConfig;
use crate::record::Record;
use crate::store::{Begin, Position, RawReader, RawRecord, Selection, StoreError, Stream};
use crate::vault::{Kind, Vault};

/// A broker that has nothing more waits so long for more before it says so.
const END_WAIT_MS: &str = "50";

/// A reader of topics; those that exist when it is opened.
pub(crate) struct KafkaReader {
    consumer: StreamConsumer,
    /// What is read one after the other, each of one topic: the end of a partition is told without the topic.
    left: VecDeque<TopicPartitionList>,
    /// Partitions of the topic in hand whose end was not reached; none for a reader that follows.
    unfinished: Option<BTreeSet<i32>>,
    position: Position,
    vault: Vault,
    /// Of what the records are, where that may be encrypted.
    kind: Option<Kind>,
}

impl KafkaReader {
    /// Of outputs, from the first.
    pub(crate) async fn open(
        pipeline: &str,
        kafka: &KafkaConfig,
        selection: Selection,
        vault: Vault,
    ) -> Result<KafkaReader, StoreError> {
        let follow = selection.follow;
        let kind = (selection.stream == Stream::Dead).then_some(Kind::Dead);
        let (client, pipeline) = (settings(kafka, pipeline, !follow)?, pipeline.to_owned());
        tokio::task::spawn_blocking(move || {
            let consumer: StreamConsumer = client.create().map_err(fault)?;
            let metadata = consumer
                .fetch_metadata(None, QUERY_TIMEOUT)
                .map_err(fault)?;
            let mut topics = VecDeque::new();
            for topic in metadata.topics() {
                if !names::selected(topic.name(), &pipeline, &selection) {
                    continue;
                }
                let partitions = topic.partitions().iter().map(MetadataPartition::id);
                let places = match selection.since_ms {
                    Some(since_ms) => times::places(&consumer, topic.name(), partitions, since_ms),
                    None => beginnings(topic.name(), partitions),
                };
                topics.push_back(places.map_err(fault)?);
            }
            if follow {
                KafkaReader::following(consumer, &topics, vault, kind)
            } else {
                Ok(KafkaReader::to_the_end(consumer, topics, vault, kind))
            }
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    /// Of a raw log.
    pub(super) async fn raw(
        kafka: &KafkaConfig,
        lane: &str,
        partitions: i32,
        begin: Begin,
        vault: Vault,
    ) -> Result<KafkaReader, StoreError> {
        let (client, topic) = (settings(kafka, lane, true)?, names::raw(lane));
        tokio::task::spawn_blocking(move || {
            let consumer: StreamConsumer = client.create().map_err(fault)?;
            let list = match begin {
                Begin::Time(since_ms) => times::places(&consumer, &topic, 0..partitions, since_ms),
                Begin::Position(Position { partition, offset }) => {
                    let mut list = TopicPartitionList::new();
                    list.add_partition_offset(&topic, partition, Offset::Offset(offset))
                        .map(|()| list)
                }
            };
            let topics = VecDeque::from([list.map_err(fault)?]);
            let kind = Some(Kind::Raw);
            Ok(KafkaReader::to_the_end(consumer, topics, vault, kind))
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    fn to_the_end(
        consumer: StreamConsumer,
        left: VecDeque<TopicPartitionList>,
        vault: Vault,
        kind: Option<Kind>,
    ) -> KafkaReader {
        KafkaReader {
            consumer,
            left,
            unfinished: Some(BTreeSet::new()),
            position: NOWHERE,
            vault,
            kind,
        }
    }

    fn following(
        consumer: StreamConsumer,
        topics: &VecDeque<TopicPartitionList>,
        vault: Vault,
        kind: Option<Kind>,
    ) -> Result<KafkaReader, StoreError> {
        let mut all = TopicPartitionList::new();
        for place in topics.iter().flat_map(TopicPartitionList::elements) {
            all.add_partition_offset(place.topic(), place.partition(), place.offset())
                .map_err(fault)?;
        }
        consumer.assign(&all).map_err(fault)?;
        Ok(KafkaReader {
            consumer,
            left: VecDeque::new(),
            unfinished: None,
            position: NOWHERE,
            vault,
            kind,
        })
    }

    /// Where the message that was read last lies in its topic.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// The next record; none at the end, which a following reader never reaches.
    pub(crate) async fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if self.unfinished.as_ref().is_some_and(BTreeSet::is_empty) {
                let Some(topic) = self.left.pop_front() else {
                    return Ok(None);
                };
                let partitions = topic.elements();
                self.unfinished = Some(
                    partitions
                        .iter()
                        .map(TopicPartitionListElem::partition)
                        .collect(),
                );
                self.consumer.assign(&topic).map_err(fault)?;
                continue;
            }
            match self.consumer.recv().await {
                Ok(message) => {
                    let raw = client::placed(&message);
                    self.position = raw.position;
                    let Some(kind) = self.kind else {
                        return Ok(Some(raw.record));
                    };
                    return client::decrypted(&self.vault, message.topic(), kind, raw).map(Some);
                }
                // It comes again whenever a partition grew meanwhile.
                Err(KafkaError::PartitionEOF(partition)) => {
                    if let Some(unfinished) = &mut self.unfinished {
                        unfinished.remove(&partition);
                    }
                }
                Err(error) => return Err(fault(error)),
            }
        }
    }
}

fn beginnings(
    topic: &str,
    partitions: impl Iterator<Item = i32>,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(topic, partition, Offset::Beginning)?;
    }
    Ok(list)
}

/// Before anything was read.
const NOWHERE: Position = Position {
    partition: 0,
    offset: 0,
};

fn settings(
    kafka: &KafkaConfig,
    whose: &str,
    ends: bool,
) -> Result<rdkafka::ClientConfig, StoreError> {
    let mut client = client::consuming(kafka, &format!("{whose}-reader"), "reader")?;
    client.set("enable.partition.eof", "true");
    if ends {
        client.set("fetch.wait.max.ms", END_WAIT_MS);
    }
    Ok(client)
}

#[async_trait]
impl RawReader for KafkaReader {
    async fn next(&mut self) -> Result<Option<RawRecord>, StoreError> {
        let record = KafkaReader::next(self).await?;
        Ok(record.map(|record| RawRecord {
            position: self.position,
            record,
        }))
    }
}
