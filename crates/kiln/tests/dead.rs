//! `kiln dead` over the embedded store of a running `kiln serve`.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write as _;
use std::time::{Duration, Instant};

use support::{Served, fixture, kiln, text};

/// `dead list --json` of the directory, once it counts `wanted`.
fn listed(served: &Served, wanted: u64) -> serde_json::Value {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let output = kiln()
            .args(["dead", "list", "--json", "--dir"])
            .arg(&served.directory)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let list: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        if list["total"] == wanted {
            return list;
        }
        assert!(Instant::now() < deadline, "{list}");
    }
}

#[test]
fn dead_letters_are_counted_by_reason_beside_the_process_and_nothing_they_say_is_shown() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    assert_eq!(listed(&served, 0)["groups"], serde_json::json!([]));

    let sent = kiln()
        .args(["send", "--to", &served.address])
        .arg(fixture("qbp-q22-find-candidates.hl7"))
        .output()
        .unwrap();
    assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stdout));
    let list = listed(&served, 1);
    let group = &list["groups"][0];
    assert_eq!(group["count"], 1);
    assert_eq!(group["type"], "QBP^Q22");
    assert_eq!(group["first"], group["last"]);
    let reason = group["reason"].as_str().unwrap();

    let people = |extra: &[&str]| {
        let output = kiln()
            .args(["dead", "list", "--dir"])
            .arg(&served.directory)
            .args(extra)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let table = people(&["--reason", reason, "--type", "QBP^Q22"]);
    assert!(table.contains(reason), "{table}");
    assert!(table.ends_with("1 in all\n"), "{table}");
    // The name and the birth date that the query asks for.
    assert!(!table.contains("Rasmussen") && !table.contains("19620311"));
    assert_eq!(people(&["--type", "ADT^A01"]), "No dead letters.\n");
    assert_eq!(served.terminate(), Some(0));
}

/// What a `kiln dead` command on the directory prints, and its exit code.
fn dead(directory: &std::path::Path, arguments: &[&str]) -> (String, Option<i32>) {
    support::on_store("dead", directory, arguments)
}

fn send(served: &Served, message: &[u8]) {
    let mut command = kiln();
    command.args(["send", "--to", &served.address, "-"]);
    support::with_input(&mut command, message);
}

#[test]
fn a_letter_is_shown_masked_unless_a_purpose_is_recorded_first() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    send(
        &served,
        &std::fs::read(fixture("qbp-q22-find-candidates.hl7")).unwrap(),
    );
    listed(&served, 1);
    let directory = served.directory.clone();
    let disclosures = directory.join("disclosures/AuditEvent.ndjson");

    let (masked, code) = dead(&directory, &["show"]);
    assert_eq!(code, Some(0), "{masked}");
    assert!(masked.contains("0/0  no-map"), "{masked}");
    assert!(masked.contains("QPD|"), "{masked}");
    assert!(
        !masked.contains("Rasmussen") && !masked.contains("19620311"),
        "{masked}"
    );
    assert!(!disclosures.exists());

    let (open, _) = dead(&directory, &["show", "0/0", "--purpose", "ticket 4711"]);
    assert!(open.contains("Rasmussen"), "{open}");
    let event = std::fs::read_to_string(&disclosures).unwrap();
    assert!(!event.contains("Rasmussen"), "{event}");
    let event: serde_json::Value = serde_json::from_str(&event).unwrap();
    assert_eq!(event["resourceType"], "AuditEvent");
    assert_eq!(event["purposeOfEvent"][0]["text"], "ticket 4711");
    assert_eq!(event["entity"][0]["detail"][0]["valueString"], "0/0");

    let (refused, code) = dead(&directory, &["show", "--purpose", " "]);
    assert_eq!(code, Some(2), "{refused}");
    let (json, _) = dead(&directory, &["show", "--json"]);
    let letter: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&letter["id"], &letter["masked"]),
        (&"0/0".into(), &true.into())
    );
    assert!(!json.contains("Rasmussen"));
    // A restart leaves the record of what was shown as it is.
    assert_eq!(served.terminate(), Some(0));
    let served = Served::start(root.path());
    assert_eq!(
        std::fs::read_to_string(&disclosures)
            .unwrap()
            .lines()
            .count(),
        1
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn letters_are_retried_once_and_dropped_once_beside_the_process_and_without_it() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    send(
        &served,
        &std::fs::read(fixture("qbp-q22-find-candidates.hl7")).unwrap(),
    );
    listed(&served, 1);
    // No message at all, and half of one without an end.
    let mut stream = std::net::TcpStream::connect(&served.address).unwrap();
    stream
        .write_all(b"\x0bPID|1||4711\r\x1c\r\x0bMSH|^~\\&|A|B|K|L|20260102||ADT^A01|7|P|2.5\rPID|1")
        .unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    listed(&served, 3);
    let directory = served.directory.clone();
    let (which, code) = dead(&directory, &["drop"]);
    assert_eq!(code, Some(2), "{which}");
    let (tried, _) = dead(&directory, &["retry", "--all", "--dry-run"]);
    assert!(
        tried.starts_with("1 would be retried, 2 cannot be\n"),
        "{tried}"
    );
    let (retried, code) = dead(&directory, &["retry", "--all"]);
    assert_eq!(code, Some(1));
    assert!(retried.starts_with("1 retried, 2 cannot be\n"), "{retried}");
    assert!(
        retried.contains("only the beginning of the message was kept"),
        "{retried}"
    );
    assert!(
        retried.contains("a listener would refuse it again"),
        "{retried}"
    );
    assert!(!retried.contains("4711"), "{retried}");
    let (dropped, code) = dead(&directory, &["drop", "--reason", "truncated"]);
    assert_eq!((dropped.as_str(), code), ("1 dropped\n", Some(0)));
    let (nothing, code) = dead(&directory, &["retry", "0/0"]);
    assert_eq!(
        (nothing.as_str(), code),
        ("0 retried, 1 decided before\n", Some(0))
    );
    let (unknown, code) = dead(&directory, &["drop", "0/99"]);
    assert_eq!(code, Some(2), "{unknown}");

    // The map is still missing: what was retried is a new letter, and one of the others is left.
    let list = listed(&served, 2);
    let reasons: Vec<&str> = list["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["reason"].as_str().unwrap())
        .collect();
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons.contains(&"no-map") && reasons.contains(&"unreadable"),
        "{list}"
    );
    let (all, _) = dead(&directory, &["show", "--all"]);
    assert!(all.contains("(retried 2"), "{all}");
    assert!(all.contains("(dropped 2"), "{all}");
    assert_eq!(served.terminate(), Some(0));
    let (dropped, code) = dead(&directory, &["drop", "--reason", "unreadable"]);
    assert_eq!((dropped.as_str(), code), ("1 dropped\n", Some(0)));
    // What the process has in hand is its own again.
    let served = Served::start(root.path());
    listed(&served, 1);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn a_process_that_takes_no_commands_is_told_of() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    std::fs::remove_file(served.directory.join("kiln.sock")).unwrap();
    let (busy, code) = dead(&served.directory, &["retry", "--all"]);
    assert_eq!(code, Some(3));
    assert!(
        busy.contains("is in use by another process: stop it"),
        "{busy}"
    );
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn a_directory_that_is_not_there_is_an_error_of_the_command_line() {
    let output = kiln()
        .args(["dead", "list", "--dir", "no-such-directory"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--dir"));
}
