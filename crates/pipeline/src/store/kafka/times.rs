//! Where a topic is at a time.

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::client::QUERY_TIMEOUT;
use super::watermarks::watermarks;

/// In each of those partitions the place of the first record of that time, in milliseconds since 1970-01-01T00:00Z, or its end.
/// Blocks. The time of a record is a broker's or an instance's, whose clocks differ.
pub(super) fn places<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
    since_ms: i64,
) -> Result<TopicPartitionList, KafkaError> {
    let mut times = TopicPartitionList::new();
    for partition in partitions {
        times.add_partition_offset(topic, partition, Offset::Offset(since_ms.max(0)))?;
    }
    let mut places = TopicPartitionList::new();
    if times.count() == 0 {
        return Ok(places);
    }
    let found = consumer.offsets_for_times(times, QUERY_TIMEOUT)?;
    for found in found.elements() {
        let partition = found.partition();
        let offset = match found.offset() {
            Offset::Offset(offset) => offset,
            // Every record is older.
            _ => watermarks(consumer, topic, partition)?.1,
        };
        places.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    }
    Ok(places)
}
