//! Fear: under some fault, or several at once, a message that was acknowledged is lost, comes twice, or overtakes another.
//!
//! Rounds of faults drawn from a seed, in the manner of Jepsen: independent senders with numbered messages, which send again
//! what was not acknowledged; a nemesis that kills and pauses instances and brokers, cuts and slows the links of their hosts,
//! swallows acknowledgements, cuts frames, fills disks and puts clocks wrong, one of these at a time or two; and a checker that
//! reads everything as a stranger, with `read_committed`. A seed is printed with each round; `cargo xtask chaos --seed N
//! --rounds 1` draws its faults again, though not their meeting with the messages.

mod fault;
mod proxy;
mod round;
mod setup;

use std::env;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use kiln_tests::{Broker, Feed, Sender, await_until, settled};

use crate::fault::{Calamity, Fault};
use crate::proxy::{Weather, eager};
use crate::round::{History, SETTLE, feeds, round, send};
use crate::setup::Setup;

/// Without a word from `cargo xtask chaos`: a short run.
const ROUNDS: u64 = 5;
const SEED: u64 = 1;
/// Rounds over the same setup; then everything begins anew, so that the check of all of them stays quick.
const ROUNDS_A_SETUP: usize = 10;

fn number(variable: &str, otherwise: u64) -> u64 {
    env::var(variable).map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} must be a number, not {text}"))
    })
}

/// All rounds, so many over each setup.
fn rounds(home: &str, make: impl Fn(&Path) -> Setup) {
    let (rounds, first) = (
        number("KILN_CHAOS_ROUNDS", ROUNDS),
        number("KILN_CHAOS_SEED", SEED),
    );
    let mut seeds = (first..first + rounds).peekable();
    while seeds.peek().is_some() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut setup = make(directory.path());
        let mut history = History::default();
        for seed in seeds.by_ref().take(ROUNDS_A_SETUP) {
            let scratch = directory.path().join(format!("expected-{seed}"));
            let told = round(&mut setup, seed, &scratch, &mut history);
            let line = format!("{home} seed {seed}: {told}");
            assert!(
                told.verdict.is_clean() && told.unanswered == 0,
                "{line}\nunanswered: {}\n{}\n{}\nkept: {}",
                told.unanswered,
                told.verdict,
                setup.diagnosis(),
                directory.keep().display()
            );
            println!("{line}");
        }
    }
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_on_the_embedded_store() {
    rounds("embedded", |directory| Setup::embedded(directory, ""));
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_on_kafka() {
    let jars = Broker::jars();
    rounds("kafka", |directory| Setup::kafka(directory, &jars));
}

/// With acknowledgements swallowed and resends recognised only where no other message lies between: six senders see to it
/// that some does.
#[test]
fn without_deduplication_the_checker_finds_doubles() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut setup = Setup::embedded(directory.path(), "limits:\n  dedupeMessages: 1");
    let feeds = feeds(0xD);
    let history = History::of(&feeds, directory.path());
    let traffic = send(&feeds, &setup.addresses());
    traffic.reach(feeds.len() * 2, || {});
    setup.suffer(&Calamity::of(
        Fault::Path(0, Weather::SwallowAnswers),
        Duration::from_secs(1),
    ));
    let sent = traffic.finish();
    assert!(sent.iter().any(|sent| sent.attempts > 1), "no resend");
    let found = settled(SETTLE, || history.judge(&setup.emitted()));
    assert!(!found.doubled.is_empty(), "the checker sees no double");
    assert!(found.lost.is_empty(), "{found}");
}

/// With a listener that says yes before the store has the message.
#[test]
fn with_acknowledgements_before_the_store_confirms_the_checker_finds_losses() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut setup = Setup::embedded(directory.path(), "");
    let faulty: Vec<SocketAddr> = setup.direct().into_iter().map(eager).collect();
    let feeds = feeds(0xE);
    let history = History::of(&feeds, directory.path());
    let traffic = send(&feeds, &faulty);
    traffic.reach(feeds.len() * 2, || {});
    setup.suffer(&Calamity::of(Fault::KillKiln(0), Duration::ZERO));
    let sent = traffic.finish();
    assert!(sent.iter().all(|sent| sent.ack.is_some()));
    // What has to come is there once a message that is sent behind it is.
    let last = Feed::new("LAST").message(0);
    let sent = Sender::new(setup.direct()[0]).deliver(&last, || false);
    assert!(sent.ack.is_some());
    await_until("the last message's output", SETTLE, || {
        let emitted = setup.emitted();
        let mut ids = emitted.iter().map(|record| &record.control_id);
        ids.any(|id| *id == last.control_id).then_some(())
    });
    let found = history.judge(&setup.emitted());
    assert!(!found.lost.is_empty(), "the checker sees no loss");
}
