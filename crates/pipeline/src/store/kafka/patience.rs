//! Blocking steps of librdkafka, waited for in bounded time: no step is given longer than it may take, and none goes on with
//! clients that a clock set back holds up. What is left goes on by itself on its own thread, and keeps what it was given.

use std::time::{Duration, Instant};

use super::wall_clock::WallClock;
use crate::store::StoreError;

/// How often the clock is looked at during a step.
const CLOCK_INTERVAL: Duration = Duration::from_secs(1);

/// What a step gives, unless it takes longer than `limit`: librdkafka waits by the wall clock, which may be set back meanwhile.
pub(super) async fn within<T: Send + 'static>(
    limit: Duration,
    step: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::time::timeout(limit, tokio::task::spawn_blocking(step)).await {
        Ok(done) => done.map_err(|_| StoreError::Closed),
        Err(_) => Err(stands_still()),
    }
}

fn stands_still() -> StoreError {
    StoreError::Kafka("a client stands still".to_owned())
}

/// For steps that may take long, among which the clock is looked at.
pub(super) struct Patience {
    clock: WallClock,
}

impl Patience {
    pub(super) fn new() -> Patience {
        Patience {
            clock: WallClock::now(),
        }
    }

    /// What a step gives, unless it takes longer than `limit` or the clock is set back meanwhile.
    pub(super) async fn wait<T: Send + 'static>(
        &mut self,
        limit: Duration,
        step: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let mut running = tokio::task::spawn_blocking(step);
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(stands_still());
            }
            if let Ok(done) = tokio::time::timeout(left.min(CLOCK_INTERVAL), &mut running).await {
                return done.map_err(|_| StoreError::Closed);
            }
            self.check_clock()?;
        }
    }

    /// A fault where the wall clock was set back since the last time.
    pub(super) fn check_clock(&mut self) -> Result<(), StoreError> {
        self.clock.set_back().map_or(Ok(()), |behind| {
            Err(StoreError::Kafka(format!(
                "the clock was set back by {:.0} s: its clients are made anew",
                behind.as_secs_f64()
            )))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::{Patience, within};
    use crate::store::StoreError;

    #[tokio::test]
    async fn a_step_that_does_not_end_is_left() {
        let limit = Duration::from_millis(10);
        let (end, wait) = mpsc::channel::<()>();
        let left = Patience::new().wait(limit, move || wait.recv()).await;
        assert!(matches!(left, Err(StoreError::Kafka(_))), "{left:?}");
        // It was still at it.
        assert!(end.send(()).is_ok());
        let (end, wait) = mpsc::channel::<()>();
        let left = within(limit, move || wait.recv()).await;
        assert!(matches!(left, Err(StoreError::Kafka(_))), "{left:?}");
        assert!(end.send(()).is_ok());
    }

    #[tokio::test]
    async fn a_step_that_ends_says_what_it_found() {
        let found = Patience::new().wait(Duration::from_secs(60), || 7).await;
        assert!(matches!(found, Ok(7)), "{found:?}");
        let found = within(Duration::from_secs(60), || 7).await;
        assert!(matches!(found, Ok(7)), "{found:?}");
    }
}
