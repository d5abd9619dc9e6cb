//! Fear: a planned stop costs messages. SIGTERM under load: a message is either acknowledged and in the output, or was
//! never acknowledged and its sender knows.

use std::collections::BTreeMap;
use std::time::Duration;

use kiln_tests::{Checker, Kiln, Traffic, await_until, expected_resources, records, settled};

const FEEDS: u32 = 8;
const MESSAGES_A_FEED: u32 = 250;
const LIMIT: Duration = Duration::from_secs(120);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(60);
const SHUTDOWN: Duration = Duration::from_secs(30);

#[test]
fn a_stop_under_load_leaves_every_message_decided() {
    let directory = tempfile::tempdir().expect("a directory");
    let data = directory.path().join("data");
    let config = format!("store:\n  embedded:\n    directory: {}", data.display());
    let messages = Traffic::messages(FEEDS, MESSAGES_A_FEED);
    let expected = expected_resources(&messages, directory.path());

    let mut kiln = Kiln::serve(directory.path(), &config);
    let traffic = Traffic::start(kiln.mllp(), FEEDS, MESSAGES_A_FEED, LIMIT);
    await_until("load", LIMIT, || {
        (traffic.acknowledged() >= messages.len() / 4).then_some(())
    });
    kiln.signal_term();
    await_until("readyz to say no", SHUTDOWN, || {
        (kiln.http_status("/readyz") != Some(200)).then_some(())
    });
    assert!(
        kiln.wait(SHUTDOWN).success(),
        "kiln must leave with 0 after SIGTERM"
    );
    let sent: BTreeMap<String, bool> = traffic
        .stop()
        .into_iter()
        .map(|sent| (sent.control_id, sent.ack.is_some()))
        .collect();
    assert!(
        sent.len() < messages.len(),
        "the stop must come in the middle"
    );

    // What was acknowledged and not yet transformed lies in the raw log; the next start finishes it.
    let mut kiln = Kiln::serve(directory.path(), &config);
    let verdict = || {
        let mut checker = Checker::new();
        for record in &expected {
            if let Some(acknowledged) = sent.get(&record.control_id) {
                checker.expect(&record.control_id, &record.resource_type, &record.id);
                if !acknowledged {
                    checker.never_acknowledged(&record.control_id);
                }
            }
        }
        for record in records::embedded(&data) {
            checker.observe(&record);
        }
        checker.verdict()
    };
    let after = settled(SETTLE, verdict);
    assert!(after.is_clean(), "{after}");
    assert!(kiln.terminate(SHUTDOWN).success());
    let after = verdict();
    assert!(after.is_clean(), "{after}");
}
