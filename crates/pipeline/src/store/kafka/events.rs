//! What the client tells beside messages: which partitions came and went, how far each reaches, and that it is not let in.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use rdkafka::statistics::{Partition, Statistics};
use rdkafka::{ClientContext, TopicPartitionList};

use super::refusals::Refusals;

/// A change of what this consumer is to read.
pub(super) enum Change {
    Gained(Vec<i32>),
    Lost(Vec<i32>),
}

/// What was told, of the one topic that the consumer reads.
#[derive(Default)]
pub(super) struct Events {
    changes: Mutex<Vec<Change>>,
    reaches: Mutex<BTreeMap<i32, Reach>>,
    refusals: Refusals,
}

/// How far a partition reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reach {
    /// The offset of the next message to be given out.
    next: i64,
    /// Behind the last one that can be.
    end: i64,
}

impl ClientContext for Events {
    fn error(&self, error: KafkaError, reason: &str) {
        self.refusals.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        let mut reaches = locked(&self.reaches);
        let topics = statistics.topics.values();
        for partition in topics.flat_map(|topic| topic.partitions.values()) {
            reaches.insert(partition.partition, Reach::of(partition));
        }
    }
}

impl ConsumerContext for Events {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            locked(&self.changes).push(Change::Lost(partitions(list)));
        }
    }
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Assign(list) = rebalance {
            locked(&self.changes).push(Change::Gained(partitions(list)));
        }
    }
}

impl Events {
    /// The changes since the last time.
    pub(super) fn changes(&self) -> Vec<Change> {
        std::mem::take(&mut locked(&self.changes))
    }

    /// Why the brokers did not let the consumer in, if so.
    pub(super) fn refused(&self) -> Option<String> {
        self.refusals.why()
    }

    /// A message of that offset was given out.
    pub(super) fn read(&self, partition: i32, offset: i64) {
        if let Some(reach) = locked(&self.reaches).get_mut(&partition) {
            reach.next = reach.next.max(offset + 1);
        }
    }

    /// How many messages are left to read, as was told last.
    pub(super) fn unread(&self, assigned: &[i32]) -> u64 {
        let reaches = locked(&self.reaches);
        let of = |partition| {
            reaches
                .get(partition)
                .map_or(0, |reach: &Reach| reach.left())
        };
        assigned.iter().map(of).sum()
    }
}

impl Reach {
    fn of(partition: &Partition) -> Reach {
        let next = [
            partition.app_offset,
            partition.committed_offset,
            partition.lo_offset,
        ]
        .into_iter()
        .fold(0, i64::max);
        // At the very end there may be marks of transactions, which are no messages.
        let done = partition.fetchq_cnt == 0 && partition.next_offset >= partition.ls_offset;
        Reach {
            next,
            end: if done { next } else { partition.ls_offset },
        }
    }

    fn left(self) -> u64 {
        u64::try_from(self.end - self.next).unwrap_or(0)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn partitions(list: &TopicPartitionList) -> Vec<i32> {
    list.elements()
        .iter()
        .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
        .collect()
}
