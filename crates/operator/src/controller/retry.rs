//! When a pass that failed is tried again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Counts failures in a row, by resource. A resource that settles or goes is forgotten.
#[derive(Default)]
pub(super) struct Retries(Mutex<HashMap<String, u32>>);

impl Retries {
    /// How long to wait after one more failure.
    pub(super) fn failed(&self, resource: &str) -> Duration {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = failures.entry(resource.to_owned()).or_default();
        let wait = FIRST.saturating_mul(2u32.saturating_pow(*count));
        *count = count.saturating_add(1);
        wait.min(LONGEST)
    }

    pub(super) fn settled(&self, resource: &str) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_begin_anew() {
        let retries = Retries::default();
        let waits: Vec<u128> = (0..9).map(|_| retries.failed("a/b").as_millis()).collect();
        assert_eq!(
            waits,
            [500, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
        );
        assert_eq!(retries.failed("a/c").as_millis(), 500);
        retries.settled("a/b");
        assert_eq!(retries.failed("a/b").as_millis(), 500);
    }
}
