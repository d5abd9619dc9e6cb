//! Fear: what was set aside is forgotten, or comes twice when two people take care of it. On a real broker, beside the
//! running pipeline, with the real commands.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use kiln_tests::{Broker, Kiln, Sender, await_until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);
const UNMAPPED: &[u8] = b"MSH|^~\\&|A|H|K|H|20260301||ZZZ^Z99|B-1|P|2.5.1\rZZZ|1|Thistle\r";

/// What `kiln dead` prints as JSON, and its exit code.
fn dead(config: &Path, arguments: &[&str]) -> (Vec<Value>, Option<i32>) {
    let output = Command::new(Kiln::binary())
        .arg("dead")
        .args(arguments)
        .args(["--json", "--config"])
        .arg(config)
        .output()
        .expect("kiln dead must start");
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!text.contains("Thistle"), "unmasked: {text}");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}: {errors}")));
    (lines.collect(), output.status.code())
}

#[test]
fn letters_on_kafka_are_listed_shown_retried_once_and_dropped_beside_the_pipeline() {
    let directory = tempfile::tempdir().expect("a directory");
    let jars = Broker::jars();
    let broker = Broker::start(&directory.path().join("broker"), &jars);
    let text = format!(
        "name: dead\nstore:\n  kafka:\n    brokers: [\"{}\"]\n    topics:\n      create: true\n      partitions: 3\n      replication: 1\n",
        broker.address()
    );
    let kiln = Kiln::serve(directory.path(), &text);
    let config = directory.path().join("kiln.yaml");
    let total = |wanted: u64, all: &[&str]| {
        await_until("the dead letters", LIMIT, || {
            let (list, _) = dead(&config, &[&["list"], all].concat());
            (list[0]["total"] == wanted).then(|| list[0].clone())
        })
    };
    total(0, &[]);
    let mut sender = Sender::new(kiln.mllp());
    for bytes in [UNMAPPED, b"PID|1||4711\r"] {
        sender.exchange(bytes).expect("an answer");
    }
    let list = total(2, &[]);
    assert_eq!(list["groups"].as_array().map(Vec::len), Some(2));

    let (shown, _) = dead(&config, &["show", "--reason", "no-map"]);
    assert_eq!(shown[0]["control-id"], "B-1");
    assert_eq!(shown[0]["masked"], true);
    let id = shown[0]["id"].as_str().expect("an id").to_owned();

    // Two at once: the letter is retried by one of them, whichever it is.
    let (once, twice) = std::thread::scope(|scope| {
        let again = scope.spawn(|| dead(&config, &["retry", &id]));
        let first = dead(&config, &["retry", &id]);
        (first, again.join().expect("the other one"))
    });
    let decided = |(lines, code): &(Vec<Value>, Option<i32>)| match code {
        Some(0) => lines[0]["decided"].as_u64().expect("a count"),
        // Fenced by the other.
        _ => 0,
    };
    assert_eq!(decided(&once) + decided(&twice), 1, "{once:?} {twice:?}");
    // There is still no map for it: the retried message is a letter of its own, and there is no third.
    total(3, &["--all"]);
    total(2, &[]);
    let (shown, _) = dead(&config, &["show", "--reason", "no-map"]);
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["letter"], id.as_str());

    let (refused, code) = dead(&config, &["retry", "--reason", "unreadable"]);
    assert_eq!((&refused[0]["failed"], code), (&1.into(), Some(1)));
    let (dropped, code) = dead(&config, &["drop", "--all"]);
    assert_eq!((&dropped[0]["decided"], code), (&2.into(), Some(0)));
    total(0, &[]);
    // Whatever was appended again is done with: nothing more has become a letter meanwhile.
    total(3, &["--all"]);
}
