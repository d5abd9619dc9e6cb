//! Reads output topics back: committed records only, from the first.

use std::collections::BTreeSet;

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, QUERY_TIMEOUT, fault};
use super::names;
use crate::config::KafkaConfig;
use crate::record::Record;
use crate::store::{Position, Selection, StoreError};

/// A reader of output topics; those that exist when it is opened.
pub(crate) struct KafkaReader {
    consumer: StreamConsumer,
    /// Partitions whose end was not reached; none for a reader that follows.
    unfinished: Option<usize>,
    position: Position,
}

impl KafkaReader {
    pub(crate) async fn open(
        pipeline: &str,
        kafka: &KafkaConfig,
        selection: Selection,
    ) -> Result<KafkaReader, StoreError> {
        let mut settings = client::consuming(kafka, &format!("{pipeline}-reader"), "reader")?;
        settings.set("enable.partition.eof", "true");
        let consumer: StreamConsumer = settings.create().map_err(fault)?;
        let pipeline = pipeline.to_owned();
        tokio::task::spawn_blocking(move || {
            let metadata = consumer
                .fetch_metadata(None, QUERY_TIMEOUT)
                .map_err(fault)?;
            let mut list = TopicPartitionList::new();
            let mut places = BTreeSet::new();
            for topic in metadata.topics() {
                if !names::selected(topic.name(), &pipeline, &selection) {
                    continue;
                }
                for partition in topic.partitions() {
                    places.insert((topic.name().to_owned(), partition.id()));
                    list.add_partition_offset(topic.name(), partition.id(), Offset::Beginning)
                        .map_err(fault)?;
                }
            }
            consumer.assign(&list).map_err(fault)?;
            let unfinished = (!selection.follow).then_some(places.len());
            Ok(KafkaReader {
                consumer,
                unfinished,
                position: Position {
                    partition: 0,
                    offset: 0,
                },
            })
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    /// Where the message that was read last lies in its topic.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Record>, StoreError> {
        loop {
            if self.unfinished == Some(0) {
                return Ok(None);
            }
            match self.consumer.recv().await {
                Ok(message) => {
                    self.position = Position {
                        partition: message.partition(),
                        offset: message.offset(),
                    };
                    return Ok(Some(client::from_kafka(&message)));
                }
                Err(KafkaError::PartitionEOF(_)) => {
                    if let Some(unfinished) = &mut self.unfinished {
                        *unfinished -= 1;
                    }
                }
                Err(error) => return Err(fault(error)),
            }
        }
    }
}
