//! Fear: a replay repeats or forgets messages because it was interrupted, or gets between the pipeline and its output. On a
//! real broker, beside the running pipeline, with SIGKILL in the middle of the replay.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kiln_tests::{
    Broker, Kiln, Traffic, Verdict, await_until, expected_resources, records, settled,
};
use serde_json::Value;

const FEEDS: u32 = 4;
const MESSAGES_A_FEED: u32 = 100;
const LIMIT: Duration = Duration::from_secs(120);

fn replay(config: &Path, rate: &str) -> Command {
    let mut command = Command::new(Kiln::binary());
    command
        .args([
            "replay", "--into", "shadow", "--rate", rate, "--json", "--config",
        ])
        .arg(config)
        .stdin(Stdio::null());
    command
}

#[test]
fn a_replay_that_was_killed_goes_on_and_gives_every_message_once_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let broker = Broker::start(&directory.path().join("broker"), &jars);
    let text = format!(
        "name: replay\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics:\n      create: true\n      partitions: 3\n      replication: 1\n",
        broker.address()
    );
    let messages = Traffic::messages(FEEDS, MESSAGES_A_FEED);
    let expected = expected_resources(&messages, directory.path());
    let verdict =
        |pipeline: &str| Verdict::of(&expected, &records::kafka(&broker.address(), pipeline));
    let kiln = Kiln::serve(directory.path(), &text);
    let config = directory.path().join("kiln.yaml");
    let sent = Traffic::start(kiln.mllp(), FEEDS, MESSAGES_A_FEED, LIMIT).finish();
    assert!(sent.iter().all(|sent| sent.ack.is_some()));
    let emitted = settled(LIMIT, || verdict("replay"));
    assert!(emitted.is_clean(), "{emitted}");

    let mut interrupted = replay(&config, "10")
        .stdout(Stdio::null())
        .spawn()
        .expect("kiln replay must start");
    await_until("a part of the replay", LIMIT, || {
        (!records::kafka(&broker.address(), "replay.shadow").is_empty()).then_some(())
    });
    interrupted.kill().expect("SIGKILL");
    interrupted.wait().expect("to be reaped");
    let before = records::kafka(&broker.address(), "replay.shadow").len();
    assert!(before < expected.len(), "the kill must come in the middle");

    let output = replay(&config, "1000")
        .output()
        .expect("kiln replay must start");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let done: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let replayed = done["replayed"].as_u64().expect("a count");
    assert!(replayed > 0 && replayed < messages.len() as u64, "{done}");
    let after = settled(LIMIT, || verdict("replay.shadow"));
    assert!(after.is_clean(), "{after}");
    // What the pipeline emitted is as it was, and the two do not differ.
    let emitted = verdict("replay");
    assert!(emitted.is_clean(), "{emitted}");
    let output = Command::new(Kiln::binary())
        .args(["replay", "--diff", "--json", "--config"])
        .arg(&config)
        .output()
        .expect("kiln replay must start");
    let diff: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(diff["messages"].as_u64(), Some(messages.len() as u64));
    assert_eq!(diff["differ"], 0, "{diff}");
}
