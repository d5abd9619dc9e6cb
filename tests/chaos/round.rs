//! One round: senders send, faults come, and in the end everything is judged.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use kiln_tests::{Checker, Feed, Message, Record, Traffic, Verdict, expected_resources, settled};

use crate::fault::{Calamity, plan};
use crate::setup::Setup;

/// Senders, each a feed of its own.
const FEEDS: usize = 6;
const MESSAGES_A_FEED: u32 = 60;
/// For all messages to be acknowledged, whatever happens.
const LIMIT: Duration = Duration::from_secs(240);
/// A sender waits so long for an acknowledgement: less than a pause lasts, so that it goes elsewhere.
const PATIENCE: Duration = Duration::from_secs(5);
/// For what was acknowledged to come out.
pub(crate) const SETTLE: Duration = Duration::from_secs(180);

/// What all rounds over one setup expect together: what comes late of an earlier round is seen in a later one.
#[derive(Default)]
pub(crate) struct History {
    expected: Vec<Record>,
    unacknowledged: Vec<String>,
}

/// What a round did.
pub(crate) struct Told {
    pub(crate) faults: Vec<Calamity>,
    pub(crate) messages: usize,
    pub(crate) resends: u32,
    /// Processes that left by themselves.
    pub(crate) revived: usize,
    pub(crate) verdict: Verdict,
    /// Messages for which their senders were told nothing but "send it again" until they gave up.
    pub(crate) unanswered: usize,
    pub(crate) took: Duration,
    /// Of that: from the last acknowledgement until all was out.
    pub(crate) settled: Duration,
}

/// The round of a seed. The feeds are named after it.
pub(crate) fn round(setup: &mut Setup, seed: u64, scratch: &Path, history: &mut History) -> Told {
    let started = Instant::now();
    let mut random = fastrand::Rng::with_seed(seed);
    let (instances, brokers) = setup.size();
    let faults = plan(&mut random, instances, brokers);
    let feeds = feeds(seed);
    let messages = feeds.iter().map(Vec::len).sum::<usize>();
    history.expect(&feeds, scratch);
    let traffic = send(&feeds, &setup.addresses());
    for calamity in &faults {
        traffic.reach(messages * calamity.percent / 100, || setup.revive());
        setup.suffer(calamity);
    }
    traffic.reach(messages, || setup.revive());
    let sent = traffic.finish();
    let resends = sent
        .iter()
        .map(|sent| sent.attempts.saturating_sub(1))
        .sum();
    let acknowledged: BTreeSet<String> = sent
        .into_iter()
        .filter(|sent| sent.ack.is_some())
        .map(|sent| sent.control_id)
        .collect();
    let mut unacknowledged: Vec<String> = feeds
        .concat()
        .into_iter()
        .map(|message| message.control_id)
        .filter(|control_id| !acknowledged.contains(control_id))
        .collect();
    let unanswered = unacknowledged.len();
    history.unacknowledged.append(&mut unacknowledged);
    let ended = Instant::now();
    let verdict = settled(SETTLE, || {
        setup.revive();
        history.judge(&setup.emitted())
    });
    Told {
        faults,
        messages,
        resends,
        revived: setup.revived(),
        verdict,
        unanswered,
        took: started.elapsed(),
        settled: ended.elapsed(),
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (messages, resends, revived) = (self.messages, self.resends, self.revived);
        let (took, settled) = (self.took.as_secs_f64(), self.settled.as_secs_f64());
        write!(
            f,
            "{messages} messages, {resends} resends, {revived} started again, {took:.1} s, out after {settled:.1} s;"
        )?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, " {fault}"))
    }
}

impl History {
    /// One that expects what these messages give.
    pub(crate) fn of(feeds: &[Vec<Message>], scratch: &Path) -> History {
        let mut history = History::default();
        history.expect(feeds, scratch);
        history
    }

    fn expect(&mut self, feeds: &[Vec<Message>], scratch: &Path) {
        let all: Vec<Message> = feeds.iter().flatten().cloned().collect();
        self.expected.extend(expected_resources(&all, scratch));
    }

    /// What is wrong with everything that was emitted.
    pub(crate) fn judge(&self, emitted: &[Record]) -> Verdict {
        let mut checker = Checker::new();
        for record in &self.expected {
            checker.expect(record);
        }
        for control_id in &self.unacknowledged {
            checker.never_acknowledged(control_id);
        }
        for record in emitted {
            checker.observe(record);
        }
        checker.verdict()
    }
}

/// Starts sending them: half of the feeds begin at the first address.
pub(crate) fn send(feeds: &[Vec<Message>], addresses: &[SocketAddr]) -> Traffic {
    Traffic::among(addresses, feeds, PATIENCE, LIMIT)
}

/// The messages of a seed's feeds.
pub(crate) fn feeds(seed: u64) -> Vec<Vec<Message>> {
    (0..FEEDS)
        .map(|number| Feed::new(&format!("S{seed:x}F{number}")).messages(MESSAGES_A_FEED))
        .collect()
}
