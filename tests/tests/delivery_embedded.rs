//! Fear: a message that was acknowledged is gone, or comes twice, or overtakes another, because the process was killed.
//! Here on the embedded store: 2,000 messages of 8 feeds over 8 connections, SIGKILL twice in the middle of them.

use std::time::Duration;

use kiln_tests::{
    Kiln, Traffic, Verdict, await_until, expected_resources, follow_chains, records, settled,
};

const FEEDS: u32 = 8;
const MESSAGES_A_FEED: u32 = 250;
const LIMIT: Duration = Duration::from_secs(240);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(60);
/// Within the pipeline's own bound for a shutdown (25 s) and a little for the machine.
const SHUTDOWN: Duration = Duration::from_secs(30);

#[test]
fn killed_twice_under_load_loses_nothing_and_repeats_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let config = format!("store:\n  embedded:\n    directory: {}", data.display());
    let messages = Traffic::messages(FEEDS, MESSAGES_A_FEED);
    let expected = expected_resources(&messages, directory.path());

    let mut kiln = Kiln::serve(directory.path(), &config);
    let traffic = Traffic::start(kiln.mllp(), FEEDS, MESSAGES_A_FEED, LIMIT);
    for share in [3, 2] {
        let enough = messages.len() / share;
        await_until("acknowledgements before the kill", LIMIT, || {
            (traffic.acknowledged() >= enough).then_some(())
        });
        assert!(
            traffic.acknowledged() < messages.len(),
            "the kill must come in the middle"
        );
        kiln.kill_and_restart();
    }
    let sent = traffic.finish();
    let acknowledged = sent.iter().filter(|sent| sent.ack.is_some()).count();
    assert_eq!(
        acknowledged,
        messages.len(),
        "all messages must be acknowledged in the end"
    );
    assert!(
        sent.iter().any(|sent| sent.attempts > 1),
        "a kill under load must have cost somebody an acknowledgement"
    );

    let verdict = || Verdict::of(&expected, &records::embedded(&data));
    // A feed is in order, so that with its last message in the output nothing of it can still come.
    let after = settled(SETTLE, verdict);
    assert!(after.is_clean(), "{after}");
    assert!(
        kiln.terminate(SHUTDOWN).success(),
        "kiln must leave with 0 after SIGTERM"
    );
    let after = verdict();
    assert!(after.is_clean(), "{after}");
    // The audit events came with them: no message without one, and the chains are whole over the kills.
    let receipts = follow_chains(&records::embedded_audit(&data));
    assert!(receipts >= messages.len(), "{receipts} receipts");
}
