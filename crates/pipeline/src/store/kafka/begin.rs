//! Where a replay begins: by time, where its group has no position yet.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client::{QUERY_TIMEOUT, fault};
use super::retrying::retried;
use super::times::places;
use crate::store::StoreError;

/// So much earlier a replay begins than is asked for: the time of a record is a broker's or an instance's, and their clocks
/// differ.
const BEGIN_EARLIER: Duration = Duration::from_secs(60 * 60);

/// Commits for each partition without a position that of the first record of that time, in milliseconds since
/// 1970-01-01T00:00Z. Blocks.
pub(super) fn begin(
    group: &ClientConfig,
    topic: &str,
    partitions: i32,
    since_ms: i64,
) -> Result<(), StoreError> {
    let group: BaseConsumer = group.create().map_err(fault)?;
    let until = Instant::now() + QUERY_TIMEOUT;
    retried(until, is_between_coordinators, |_| {
        commit_begin(&group, topic, partitions, since_ms)
    })
    .map_err(fault)
}

/// Whether the group's coordinator is on its way to another broker.
fn is_between_coordinators(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorNotAvailable
                | RDKafkaErrorCode::CoordinatorLoadInProgress
        )
    )
}

fn commit_begin(
    group: &BaseConsumer,
    topic: &str,
    partitions: i32,
    since_ms: i64,
) -> Result<(), KafkaError> {
    let mut all = TopicPartitionList::new();
    all.add_partition_range(topic, 0, partitions - 1);
    let known = group.committed_offsets(all, QUERY_TIMEOUT)?;
    let new = known.elements();
    let new = new
        .iter()
        .filter(|place| !matches!(place.offset(), Offset::Offset(_)));
    let earlier = i64::try_from(BEGIN_EARLIER.as_millis()).unwrap_or(i64::MAX);
    let since_ms = since_ms.saturating_sub(earlier);
    let positions = places(
        group,
        topic,
        new.map(TopicPartitionListElem::partition),
        since_ms,
    )?;
    if positions.count() == 0 {
        return Ok(());
    }
    group.commit(&positions, CommitMode::Sync)
}
