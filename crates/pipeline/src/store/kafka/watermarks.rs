//! Where a partition begins and ends.

use std::time::{Duration, Instant};

use rdkafka::consumer::{Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::client::QUERY_TIMEOUT;

/// Between two questions while a partition has no leader that knows it.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// The offset of a partition's first record, and that of the next to come. Blocks. librdkafka gives up at once where the
/// partition has just come to be or its leader has just changed; this asks again for as long as one question may take.
pub(super) fn watermarks<C: ConsumerContext>(
    consumer: &impl Consumer<C>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    let until = Instant::now() + QUERY_TIMEOUT;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match consumer.fetch_watermarks(topic, partition, left) {
            Err(error) if is_settling(&error) && Instant::now() < until => {
                std::thread::sleep(RETRY_INTERVAL);
            }
            found => return found,
        }
    }
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
