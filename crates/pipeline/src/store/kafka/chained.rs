//! Transactions that also continue a chain of audit events: the head of the chain is in the metadata of a position, which is
//! committed in the same transaction as the events. So the next who writes under the same transactional id goes on where the
//! last committed transaction ended, whatever became of the writer before.

use std::time::Instant;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::producer::Producer;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{self, QUERY_TIMEOUT, TRANSACTION_TIMEOUT, fault};
use super::names;
use super::topics::Topics;
use super::transaction::{self, Placed, TransactionalProducer, produce, retried};
use crate::audit::Head;
use crate::config::KafkaConfig;
use crate::feed::partition_of;
use crate::store::{StoreError, Target};

/// Who writes a chain, and where it lies.
#[derive(Clone)]
pub(super) struct Writer {
    kafka: KafkaConfig,
    instance: String,
    /// The transactional id, the group whose position holds the head, and what the chain is named after.
    id: String,
    topic: String,
    partition: i32,
}

/// A producer that has fenced whoever wrote the chain before.
pub(super) struct Chained {
    writer: Writer,
    producer: TransactionalProducer,
    group: BaseConsumer,
    head: Head,
}

/// A transaction to be committed: records in their places, and the head of the chain behind them.
pub(super) struct Sealed {
    placed: Vec<Placed>,
    head: Head,
}

impl Writer {
    pub(super) async fn new(
        pipeline: &str,
        instance: &str,
        kafka: &KafkaConfig,
        topics: &Topics,
        id: String,
    ) -> Result<Writer, StoreError> {
        let topic = names::output(pipeline, &Target::Audit);
        let partition = partition_of(&id, topics.partitions(&topic).await?);
        Ok(Writer {
            kafka: kafka.clone(),
            instance: instance.to_owned(),
            id,
            topic,
            partition,
        })
    }
}

impl Chained {
    /// Fences, and finds the head. Blocks.
    pub(super) fn open(writer: Writer) -> Result<Chained, StoreError> {
        let Writer {
            kafka,
            instance,
            id,
            topic,
            partition,
        } = &writer;
        let producer = transaction::producer(kafka, instance, id)?;
        let group: BaseConsumer = client::consuming(kafka, id, instance)?
            .create()
            .map_err(fault)?;
        let head = head(&group, topic, *partition)?.unwrap_or_else(|| Head::begin(id));
        Ok(Chained {
            writer,
            producer,
            group,
            head,
        })
    }

    /// Puts the audit events among the records behind the head; the others stay as they are.
    pub(super) fn seal(&self, placed: &[Placed]) -> Sealed {
        let (mut placed, mut head) = (placed.to_vec(), self.head.clone());
        for event in placed.iter_mut().filter(|placed| placed.is_audit) {
            event.partition = self.writer.partition;
            event.record.value = head.seal(&event.record.value);
        }
        Sealed { placed, head }
    }

    /// Whether a transaction that another one of this writer has tried was committed after all.
    pub(super) fn has(&self, sealed: &Sealed) -> bool {
        self.head == sealed.head
    }

    /// Commits. On an error this one is of no more use. Blocks.
    pub(super) fn commit(&mut self, sealed: &Sealed) -> Result<(), StoreError> {
        self.producer.begin_transaction().map_err(fault)?;
        let until = Instant::now() + TRANSACTION_TIMEOUT;
        let done = self
            .fill(sealed, until)
            .and_then(|()| retried(until, |left| self.producer.commit_transaction(left)));
        match &done {
            Ok(()) => self.head = sealed.head.clone(),
            Err(_) => {
                // This only spares readers the wait.
                let _ = self.producer.abort_transaction(QUERY_TIMEOUT);
            }
        }
        done
    }

    fn fill(&self, sealed: &Sealed, until: Instant) -> Result<(), StoreError> {
        sealed
            .placed
            .iter()
            .try_for_each(|placed| produce(&self.producer, placed, until))?;
        if sealed.head == self.head {
            return Ok(());
        }
        let Writer {
            topic, partition, ..
        } = &self.writer;
        let mut positions = TopicPartitionList::new();
        // Nobody reads from this position: it is only kept for its metadata, and counts the events.
        let number = i64::try_from(sealed.head.number).unwrap_or(i64::MAX);
        add_position(
            &mut positions,
            topic,
            *partition,
            number,
            Some(&sealed.head),
        )?;
        let group = self.group.group_metadata().ok_or(StoreError::Closed)?;
        retried(until, |left| {
            self.producer
                .send_offsets_to_transaction(&positions, &group, left)
        })
    }
}

/// A position, with the head of a chain in its metadata.
pub(super) fn add_position(
    positions: &mut TopicPartitionList,
    topic: &str,
    partition: i32,
    next: i64,
    head: Option<&Head>,
) -> Result<(), StoreError> {
    let mut position = positions.add_partition(topic, partition);
    position.set_offset(Offset::Offset(next)).map_err(fault)?;
    if let Some(head) = head {
        position.set_metadata(head.text());
    }
    Ok(())
}

/// The head in the metadata of a group's position; none when there is none.
pub(super) fn head<C>(
    group: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
) -> Result<Option<Head>, StoreError>
where
    C: rdkafka::consumer::ConsumerContext,
{
    Ok(position(group, topic, partition)?.and_then(|(_, head)| head))
}

/// A group's position, and the head in its metadata; none when the group has none.
pub(super) fn position<C>(
    group: &BaseConsumer<C>,
    topic: &str,
    partition: i32,
) -> Result<Option<(i64, Option<Head>)>, StoreError>
where
    C: rdkafka::consumer::ConsumerContext,
{
    let mut list = TopicPartitionList::new();
    list.add_partition(topic, partition);
    let committed = group
        .committed_offsets(list, QUERY_TIMEOUT)
        .map_err(fault)?;
    let Some(found) = committed.find_partition(topic, partition) else {
        return Ok(None);
    };
    match found.offset() {
        Offset::Offset(next) => Ok(Some((next, Head::kept(found.metadata())))),
        _ => Ok(None),
    }
}
