//! Fear: a fault that wakes nobody, or wakes somebody for another. A real Prometheus scrapes a real instance over a real broker,
//! and judges by the alerts of the chart; only their times are a tenth of what stands there.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use kiln_tests::{Broker, Feed, Host, Kiln, Prometheus, Sender, await_until};

/// Beyond the time that a listener waits for the store.
const PATIENCE: Duration = Duration::from_secs(30);
const LIMIT: Duration = Duration::from_secs(240);
/// Fires all the time, and is right: the messages have codes of a ward of its own, which no table knows.
const OF_THE_MESSAGES: &str = "KilnCodesUnmapped";
/// How often the rules are judged in a time without faults.
const CALM_ROUNDS: u64 = 20;

/// The alerts of the chart, with a tenth of their times.
fn rules() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../charts/kiln/files/alerts.yaml");
    let mut rules = fs::read_to_string(path).expect("the alerts of the chart");
    for before in ["for: ", "[", "offset "] {
        let mut parts = rules.split(before);
        let first = parts.next().unwrap_or_default().to_owned();
        rules = parts.fold(first, |all, part| {
            let digits = part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (count, unit) = part.split_at(digits);
            let seconds = match unit.chars().next() {
                Some('m') => 60,
                Some('h') => 3600,
                _ => return all + before + part,
            };
            let count: u32 = count.parse().expect("a time of the alerts");
            format!("{all}{before}{}s{}", count * seconds / 10, &unit[1..])
        });
    }
    rules
}

/// Senders at work, and whoever is woken.
struct Watch {
    sender: Sender,
    feed: Feed,
    sent: u32,
    prometheus: Prometheus,
}

impl Watch {
    /// Sends on and looks, until `awaited` fires; beside it only `allowed` may.
    fn until(&mut self, awaited: &str, allowed: &[&str]) {
        await_until(awaited, LIMIT, || {
            self.look(&[&[awaited], allowed].concat())
                .contains(awaited)
                .then_some(())
        });
    }

    /// The same until the rules were judged so often.
    fn rounds(&mut self, count: u64, allowed: &[&str]) {
        let enough = self.prometheus.rounds() + count;
        await_until("rounds of Prometheus", LIMIT, || {
            self.look(allowed);
            (self.prometheus.rounds() >= enough).then_some(())
        });
    }

    /// Sends one message, taken or not, and says what fires.
    fn look(&mut self, allowed: &[&str]) -> BTreeSet<String> {
        let message = self.feed.message(self.sent);
        let tried = Cell::new(false);
        let sent = self.sender.deliver(&message, || tried.replace(true));
        self.sent += u32::from(sent.ack.is_some());
        let mut firing = self.prometheus.firing();
        firing.remove(OF_THE_MESSAGES);
        for name in &firing {
            assert!(
                allowed.contains(&name.as_str()),
                "{name} fires, beside {allowed:?} at most"
            );
        }
        firing
    }

    /// Until nothing fires.
    fn until_calm(&mut self, still: &[&str]) {
        await_until("an end of the alerts", LIMIT, || {
            self.look(still).is_empty().then_some(())
        });
    }
}

#[test]
fn each_fault_fires_the_alert_that_names_it_and_no_other() {
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let mut broker = Broker::start(&directory.join("broker"), &Broker::jars());
    let config = format!(
        "name: alerts\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics: {{ create: true, partitions: 2, replication: 1 }}\n",
        broker.address()
    );
    let mut kiln = Kiln::serve_on(&Host::loopback(), directory, &config);
    let mut watch = Watch {
        sender: Sender::among(vec![kiln.mllp()], PATIENCE),
        feed: Feed::new("ALERTS"),
        sent: 0,
        prometheus: Prometheus::start(directory, kiln.http(), &rules()),
    };
    watch.rounds(CALM_ROUNDS, &[]);

    kiln.kill();
    watch.until("KilnIsGone", &[]);
    kiln.start_again();
    watch.until_calm(&["KilnIsGone"]);

    // All that a store which is gone does to an instance, each for what it is.
    let of_the_store = [
        "KilnStoreDoesNotConfirm",
        "KilnTransformStandsStill",
        "KilnTransformFaults",
        "KilnNobodyTransforms",
        "KilnAcknowledgmentsAreSlow",
        "KilnFhirIsLate",
    ];
    broker.kill();
    watch.until("KilnStoreDoesNotConfirm", &of_the_store);
    watch.until("KilnTransformStandsStill", &of_the_store);
    broker.start_again();
    watch.until_calm(&of_the_store);

    // What is told for a while, from here on.
    let without_map =
        b"MSH|^~\\&|ALERTS|HILLTOP|KILN|HUB|20260301080000+0000||ADT^Z99|Z1|P|2.5.1\rPID|1\r";
    watch.sender.exchange(without_map).expect("an answer");
    watch.until("KilnMessagesSetAside", &[]);
    watch.sender.exchange(b"NOT HL7").expect("an answer");
    watch.until("KilnMessagesRefused", &["KilnMessagesSetAside"]);
    let so_far = ["KilnMessagesSetAside", "KilnMessagesRefused"];
    for _ in 0..2 {
        kiln.kill_and_restart();
        kiln.await_ready();
        // Each start is to be seen.
        watch.rounds(3, &[&so_far[..], &["KilnRestarts"]].concat());
    }
    watch.until("KilnRestarts", &so_far);
}
