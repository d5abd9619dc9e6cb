//! Fear: a message that was acknowledged is gone, or comes twice, or overtakes another, because a process was killed.
//! Here on a real broker: 2,000 messages of 8 feeds over 8 connections; the pipeline is killed with SIGKILL in the middle
//! of them, and so is the broker. A consumer of another make reads what was committed.

use std::time::Duration;

use kiln_tests::{
    Broker, Kiln, Traffic, Verdict, await_until, expected_resources, follow_chains, records,
    settled,
};

const FEEDS: u32 = 8;
const MESSAGES_A_FEED: u32 = 250;
const LIMIT: Duration = Duration::from_secs(300);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(120);
/// Within the pipeline's own bound for a shutdown (25 s) and a little for the machine.
const SHUTDOWN: Duration = Duration::from_secs(30);

#[test]
fn broker_and_pipeline_killed_under_load_lose_nothing_and_repeat_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let mut broker = Broker::start(&directory.path().join("broker"), &jars);
    let config = format!(
        "name: e2e\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics:\n      create: true\n      partitions: 4\n      replication: 1\n",
        broker.address()
    );
    let messages = Traffic::messages(FEEDS, MESSAGES_A_FEED);
    let expected = expected_resources(&messages, directory.path());

    let mut kiln = Kiln::serve(directory.path(), &config);
    let traffic = Traffic::start(kiln.mllp(), FEEDS, MESSAGES_A_FEED, LIMIT);
    let reach = |share: usize| {
        let enough = messages.len() / share;
        await_until("acknowledgements before the kill", LIMIT, || {
            (traffic.acknowledged() >= enough).then_some(())
        });
        assert!(
            traffic.acknowledged() < messages.len(),
            "the kill must come in the middle"
        );
    };
    reach(4);
    kiln.kill_and_restart();
    reach(2);
    broker.kill_and_restart();
    let sent = traffic.finish();
    let acknowledged = sent.iter().filter(|sent| sent.ack.is_some()).count();
    assert_eq!(
        acknowledged,
        messages.len(),
        "all messages must be acknowledged in the end"
    );

    let verdict = || Verdict::of(&expected, &records::kafka(&broker.address(), "e2e"));
    let after = settled(SETTLE, verdict);
    assert!(after.is_clean(), "{after}");
    assert!(
        kiln.terminate(SHUTDOWN).success(),
        "kiln must leave with 0 after SIGTERM"
    );
    let after = verdict();
    assert!(after.is_clean(), "{after}");
    // The audit events came with them: no message without one, and the chains are whole over the kills.
    let receipts = follow_chains(&records::kafka_audit(&broker.address(), "e2e"));
    assert!(receipts >= messages.len(), "{receipts} receipts");
}
