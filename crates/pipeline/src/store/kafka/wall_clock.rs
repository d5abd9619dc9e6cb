//! The wall clock seen beside the monotonic one. librdkafka computes until when it waits from the wall clock, so that a wait
//! during which that is set back lasts so much longer (librdkafka#2145). A clock that is slewed, as NTP does it, harms nothing.

use std::time::{Duration, Instant, SystemTime};

/// The least that counts as set back.
const SET_BACK: Duration = Duration::from_secs(1);

/// Both clocks, at the last look.
pub(super) struct WallClock {
    wall: SystemTime,
    monotonic: Instant,
}

impl WallClock {
    pub(super) fn now() -> WallClock {
        WallClock {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }

    /// By how much the wall clock was set back since the last look, if it was.
    pub(super) fn set_back(&mut self) -> Option<Duration> {
        self.look(WallClock::now())
    }

    fn look(&mut self, now: WallClock) -> Option<Duration> {
        let passed = now.monotonic.saturating_duration_since(self.monotonic);
        let behind = (self.wall + passed).duration_since(now.wall);
        *self = now;
        behind.ok().filter(|behind| *behind >= SET_BACK)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant, SystemTime};

    use super::WallClock;

    #[test]
    fn only_a_wall_clock_that_is_set_back_counts_and_only_once() {
        let (wall, monotonic) = (SystemTime::UNIX_EPOCH, Instant::now());
        let at = |wall_ms, monotonic_ms| WallClock {
            wall: wall + Duration::from_millis(wall_ms),
            monotonic: monotonic + Duration::from_millis(monotonic_ms),
        };
        let mut clock = at(7_200_000, 0);
        // Both go on; slewed; set forward.
        assert_eq!(clock.look(at(7_201_000, 1_000)), None);
        assert_eq!(clock.look(at(7_201_500, 2_000)), None);
        assert_eq!(clock.look(at(9_000_000, 3_000)), None);
        let hour = Duration::from_secs(3_600);
        assert_eq!(clock.look(at(5_400_200, 3_200)), Some(hour));
        assert_eq!(clock.look(at(5_400_300, 3_300)), None);
    }
}
