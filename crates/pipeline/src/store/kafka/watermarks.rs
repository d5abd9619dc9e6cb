//! Where a partition begins and ends.

use std::time::Instant;

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::QUERY_TIMEOUT;
use super::retrying::retried;

/// The offset of a partition's first record, and that of the next to come. Blocks. librdkafka gives up at once where the
/// partition has just come to be or its leader has just changed; this asks again for as long as one question may take.
pub(super) fn watermarks<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    retried(Instant::now() + QUERY_TIMEOUT, is_settling, |left| {
        consumer.fetch_watermarks(topic, partition, left)
    })
}

/// Whether a fault means that brokers do not agree yet on who leads the partition.
fn is_settling(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(RDKafkaErrorCode::NotLeaderForPartition | RDKafkaErrorCode::LeaderNotAvailable)
    )
}

#[cfg(test)]
mod tests {
    use rdkafka::error::{KafkaError, RDKafkaErrorCode};

    use super::is_settling;

    #[test]
    fn only_what_ends_by_itself_is_asked_again() {
        for (code, expected) in [
            (RDKafkaErrorCode::NotLeaderForPartition, true),
            (RDKafkaErrorCode::LeaderNotAvailable, true),
            (RDKafkaErrorCode::UnknownTopicOrPartition, false),
            (RDKafkaErrorCode::TopicAuthorizationFailed, false),
            (RDKafkaErrorCode::OperationTimedOut, false),
        ] {
            let error = KafkaError::MetadataFetch(code);
            assert_eq!(is_settling(&error), expected, "{code:?}");
        }
    }
}
