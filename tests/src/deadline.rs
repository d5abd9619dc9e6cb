//! Waiting for a condition, never for a time.

use std::thread;
use std::time::{Duration, Instant};

use crate::Verdict;

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(50);

/// Looks at `condition` until it gives a value.
///
/// # Panics
/// When `limit` has passed, naming `what` was awaited.
pub fn await_until<T>(what: &str, limit: Duration, mut condition: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        thread::sleep(POLL);
    }
}

/// Looks at a verdict until nothing is lost any more, or `limit` has passed: the last one, to be asserted on, so that a
/// failure names what is missing.
pub fn settled(limit: Duration, mut verdict: impl FnMut() -> Verdict) -> Verdict {
    let start = Instant::now();
    loop {
        let verdict = verdict();
        if verdict.lost.is_empty() || start.elapsed() >= limit {
            return verdict;
        }
        thread::sleep(POLL);
    }
}
