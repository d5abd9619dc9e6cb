//! The end of a partition, for what was kept last.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client::{self, fault};
use super::watermarks::watermarks;
use crate::record::Record;
use crate::store::{RawRecord, StoreError};

/// One look for messages.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Longest time to read to the end.
const END_TIMEOUT: Duration = Duration::from_secs(60);

/// The last message for which `is_it` holds, among the last `within` offsets of a partition. Blocks.
pub(super) fn read(
    mut reader: ClientConfig,
    topic: &str,
    partition: i32,
    within: usize,
    is_it: impl Fn(&Record) -> bool,
) -> Result<Option<RawRecord>, StoreError> {
    // Raw messages are confirmed outside of transactions: an open one must not hide those behind it.
    reader
        .set("isolation.level", "read_uncommitted")
        .set("enable.partition.eof", "true");
    let reader: BaseConsumer = reader.create().map_err(fault)?;
    let (low, high) = watermarks(&reader, topic, partition).map_err(fault)?;
    let window = i64::try_from(within).unwrap_or(i64::MAX);
    let mut start = TopicPartitionList::new();
    let from = Offset::Offset(low.max(high.saturating_sub(window)));
    start
        .add_partition_offset(topic, partition, from)
        .map_err(fault)?;
    reader.assign(&start).map_err(fault)?;
    let (mut last, until) = (None, Instant::now() + END_TIMEOUT);
    while Instant::now() < until {
        match reader.poll(POLL_INTERVAL) {
            Some(Ok(message)) => {
                let raw = client::placed(&message);
                if is_it(&raw.record) {
                    last = Some(raw);
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => return Ok(last),
            // librdkafka tries again by itself.
            Some(Err(error)) => tracing::debug!(%error, "reading the end of the raw log"),
            None => {}
        }
    }
    Err(StoreError::Kafka(format!(
        "the end of partition {partition} could not be read in time"
    )))
}
