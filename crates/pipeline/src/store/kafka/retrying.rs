//! Asking librdkafka again where its fault ends by itself.

use std::time::{Duration, Instant};

use rdkafka::error::KafkaError;

/// Between two tries.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// What a step gives. It is tried until then as often as its fault is one that `ends`, and told how much time is left. Blocks.
pub(super) fn retried<T>(
    until: Instant,
    ends: impl Fn(&KafkaError) -> bool,
    step: impl Fn(Duration) -> Result<T, KafkaError>,
) -> Result<T, KafkaError> {
    loop {
        match step(until.saturating_duration_since(Instant::now())) {
            Err(error) if ends(&error) && Instant::now() < until => {
                std::thread::sleep(RETRY_INTERVAL);
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::{Duration, Instant};

    use rdkafka::error::KafkaError;

    use super::retried;

    #[test]
    fn it_is_tried_for_as_long_as_its_fault_ends_and_there_is_time() {
        let tries = Cell::new(0);
        let third = |_| {
            tries.set(tries.get() + 1);
            if tries.get() < 3 {
                Err(KafkaError::Canceled)
            } else {
                Ok(tries.get())
            }
        };
        let later = Instant::now() + Duration::from_secs(60);
        assert!(matches!(retried(later, |_| true, third), Ok(3)));
        for (until, ends) in [(later, false), (Instant::now(), true)] {
            tries.set(0);
            assert!(retried(until, |_| ends, third).is_err());
            assert_eq!(tries.get(), 1);
        }
    }
}
