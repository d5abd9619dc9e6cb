//! How long a sender waits, kill by kill.

use std::time::{Duration, Instant};

use kiln_tests::{Feed, Kiln, Sender};

/// A sender that is not answered within this was given up.
const LIMIT: Duration = Duration::from_secs(60);
/// As an engine has it: longer than any answer takes that comes at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// From each SIGKILL to the first new acknowledgement.
pub(crate) struct Waits {
    what: &'static str,
    /// What 99 of a hundred should be under.
    aim: Duration,
    sorted: Vec<Duration>,
}

impl Waits {
    pub(crate) const HEAD: &str =
        "from SIGKILL to the first new ACK, ms        kills     p50     p99     max  aim p99";

    /// Kills the one that the sender is connected to, again and again. `instances` are of one pipeline and ready.
    pub(crate) fn over(
        what: &'static str,
        aim: Duration,
        instances: &mut [Kiln],
        kills: usize,
    ) -> Waits {
        let addresses = instances.iter().map(Kiln::mllp).collect();
        let mut sender = Sender::among(addresses, PATIENCE);
        let feed = Feed::new("RECOVERY");
        let mut messages = (0..).map(|place| feed.message(place));
        let mut acknowledged = |sender: &mut Sender| {
            let (message, start) = (messages.next().expect("no end"), Instant::now());
            let sent = sender.deliver(&message, || start.elapsed() > LIMIT);
            assert!(sent.ack.is_some(), "{what}: no answer within {LIMIT:?}");
        };
        let mut sorted: Vec<Duration> = (0..kills)
            .map(|_| {
                acknowledged(&mut sender);
                let connected = instances
                    .iter_mut()
                    .find(|kiln| kiln.mllp() == sender.address());
                let kiln = connected.expect("one of the instances");
                let killed = Instant::now();
                kiln.kill_and_restart();
                acknowledged(&mut sender);
                let waited = killed.elapsed();
                kiln.await_ready();
                waited
            })
            .collect();
        sorted.sort();
        Waits { what, aim, sorted }
    }

    /// The wait that so many of a hundred do not exceed, by the nearest rank.
    fn percentile(&self, percent: usize) -> Duration {
        self.sorted[(self.sorted.len() * percent).div_ceil(100) - 1]
    }

    pub(crate) fn is_as_aimed(&self) -> bool {
        self.percentile(99) < self.aim
    }

    pub(crate) fn shown(&self, json: bool) -> String {
        let [p50, p99, max] = [50, 99, 100].map(|percent| self.percentile(percent).as_millis());
        let (what, kills, aim) = (self.what, self.sorted.len(), self.aim.as_millis());
        if json {
            format!(
                "{{\"what\":\"{what}\",\"kills\":{kills},\"p50_ms\":{p50},\"p99_ms\":{p99},\"max_ms\":{max},\"aim_p99_ms\":{aim}}}"
            )
        } else {
            format!("{what:44} {kills:5} {p50:7} {p99:7} {max:7} {aim:8}")
        }
    }
}
