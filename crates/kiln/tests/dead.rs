//! `kiln dead` over the embedded store of a running `kiln serve`.

#![allow(clippy::unwrap_used)]

mod support;

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

#[test]
fn a_directory_that_is_not_there_is_an_error_of_the_command_line() {
    let output = kiln()
        .args(["dead", "list", "--dir", "no-such-directory"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--dir"));
}
