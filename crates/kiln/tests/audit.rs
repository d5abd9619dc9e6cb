//! `kiln audit`: that what was done to the audit stream shows, and who was shown what.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Served, fixture, kiln, on_store, text, with_input};

const PATIENCE: Duration = Duration::from_secs(30);

/// A directory of a store that took an admission and a query that has no map, and whose dead letter was shown.
fn store(root: &Path) -> std::path::PathBuf {
    let served = Served::start(root);
    for name in ["adt-a01-admit-medical.hl7", "qbp-q22-find-candidates.hl7"] {
        let mut send = kiln();
        send.args(["send", "--to", &served.address, "-"]);
        with_input(&mut send, &std::fs::read(fixture(name)).unwrap());
    }
    let directory = served.directory.clone();
    let audit = directory.join("audit.ndjson");
    let until = Instant::now() + PATIENCE;
    while !audit.exists()
        || deeds(&audit)
            .iter()
            .filter(|deed| *deed == "receipt")
            .count()
            < 2
    {
        assert!(Instant::now() < until, "the messages in time");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(served.terminate(), Some(0));
    for purpose in ["ticket 1", "ticket 2"] {
        let (shown, code) = on_store("dead", &directory, &["show", "--purpose", purpose]);
        assert_eq!(code, Some(0), "{shown}");
    }
    directory
}

fn verify(directory: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    on_store("audit", directory, &[&["verify"], arguments].concat())
}

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// What was done, by the file's events; none of a line that is not whole yet.
fn deeds(path: &Path) -> Vec<String> {
    let events = lines(path).into_iter();
    let events = events.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
    events
        .map(|event| event["subtype"][0]["code"].as_str().unwrap().to_owned())
        .collect()
}

fn write(path: &Path, lines: &[String]) {
    std::fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn an_edited_a_removed_and_a_swapped_record_are_named() {
    let root = tempfile::tempdir().unwrap();
    let directory = store(root.path());
    let (whole, code) = verify(&directory, &[]);
    assert_eq!(code, Some(0), "{whole}");
    assert!(whole.ends_with(" chains, whole\n"), "{whole}");
    for (file, chain) in [
        ("audit.ndjson", "audit@"),
        ("disclosures/AuditEvent.ndjson", "disclosures@"),
    ] {
        let path = directory.join(file);
        let good = lines(&path);
        let after = |change: &dyn Fn(&mut Vec<String>)| {
            let mut all = good.clone();
            change(&mut all);
            write(&path, &all);
            let (told, code) = verify(&directory, &[]);
            assert_ne!(code, Some(0), "{told}");
            let wrong = told.lines().filter(|line| line.starts_with("wrong: "));
            let wrong: Vec<&str> = wrong.collect();
            assert!(wrong.iter().any(|line| line.contains(chain)), "{told}");
            wrong.join("\n")
        };
        // Of the same length, so that the length does not give it away.
        let edited =
            after(&|all| all[0] = all[0].replacen("\"recorded\":\"20", "\"recorded\":\"19", 1));
        assert!(
            edited.contains("record 1 is not the one that was written"),
            "{edited}"
        );
        let removed = after(&|all| drop(all.remove(0)));
        assert!(removed.contains("record 1 is missing"), "{removed}");
        let swapped = after(&|all| all.swap(0, 1));
        assert!(swapped.contains("record 1 of"), "{swapped}");
        assert!(swapped.contains("is not in its place"), "{swapped}");
        write(&path, &good);
        // A file of records alone.
        let exported = root.path().join("exported.ndjson");
        write(&exported, &good[1..]);
        let output = kiln()
            .args(["audit", "verify"])
            .arg(&exported)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stdout));
        assert!(
            text(&output.stdout).contains("records 2 to "),
            "{}",
            text(&output.stdout)
        );
    }
    let (whole, code) = verify(&directory, &[]);
    assert_eq!(code, Some(0), "{whole}");
}

#[test]
fn a_file_that_was_cut_short_shows_and_with_an_anchor_also_where_nothing_else_tells() {
    let root = tempfile::tempdir().unwrap();
    let directory = store(root.path());
    let (anchor, code) = verify(&directory, &["--json"]);
    assert_eq!(code, Some(0), "{anchor}");
    let parsed: Value = serde_json::from_str(&anchor).unwrap();
    assert_eq!(parsed["whole"], true);
    let anchored = root.path().join("anchor.json");
    std::fs::write(&anchored, &anchor).unwrap();
    let anchored = anchored.to_str().unwrap();

    let disclosures = directory.join("disclosures/AuditEvent.ndjson");
    let good = lines(&disclosures);
    write(&disclosures, &good[..1]);
    let (alone, code) = verify(&directory, &[]);
    assert_eq!(code, Some(0), "{alone}");
    let (told, code) = verify(&directory, &["--anchor", anchored]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("record 2 is missing"), "{told}");
    // What is written then forks the chain: record 2 is another.
    on_store("dead", &directory, &["show", "--purpose", "ticket 3"]);
    let (told, code) = verify(&directory, &["--anchor", anchored]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("record 2 is not the one"), "{told}");
    write(&disclosures, &good);
    assert_eq!(verify(&directory, &["--anchor", anchored]).1, Some(0));

    let audit = directory.join("audit.ndjson");
    let good = lines(&audit);
    write(&audit, &good[..good.len() - 1]);
    let (told, code) = verify(&directory, &[]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("is missing"), "{told}");
    assert!(told.contains("shorter than what was committed"), "{told}");
}

#[test]
fn who_was_shown_and_replayed_what_is_in_the_review() {
    let root = tempfile::tempdir().unwrap();
    let directory = store(root.path());
    let (dropped, code) = on_store("dead", &directory, &["drop", "0/0", "--purpose", "a test"]);
    assert_eq!(code, Some(0), "{dropped}");
    let (diff, code) = on_store(
        "replay",
        &directory,
        &[
            "--diff",
            "--values",
            "--purpose",
            "ticket 1",
            "--feed",
            "HARBOUR_ADT|LGH",
        ],
    );
    assert_eq!(code, Some(0), "{diff}");
    let (refused, code) = on_store("replay", &directory, &["--diff", "--values"]);
    assert_eq!(code, Some(2), "{refused}");

    let (report, code) = on_store("audit", &directory, &["report", "--json"]);
    assert_eq!(code, Some(0), "{report}");
    let report: Value = serde_json::from_str(&report).unwrap();
    let rows: Vec<(&str, &str, u64)> = report["accesses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["purpose"].as_str().unwrap(),
                row["deed"].as_str().unwrap(),
                row["count"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("a test", "drop", 1),
            ("ticket 1", "disclosure", 1),
            ("ticket 1", "replay", 2),
            ("ticket 2", "disclosure", 1),
        ]
    );
    assert_eq!(report["unreadable"], 0);
    let named = report["accesses"][0]["named"][0].as_str().unwrap();
    assert!(named.starts_with("dead-letter 0/0, "), "{named}");
    let (table, _) = on_store("audit", &directory, &["report"]);
    assert!(table.contains("ticket 2\n"), "{table}");
    assert!(!table.contains("Rasmussen"), "{table}");
    let (later, _) = on_store("audit", &directory, &["report", "--since", "2200-01-01"]);
    assert_eq!(
        later,
        "Nobody was shown, retried, dropped or replayed anything.\n"
    );
    let (whole, code) = verify(&directory, &[]);
    assert_eq!(code, Some(0), "{whole}");
}

#[test]
fn a_chain_goes_on_over_restarts() {
    let root = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let served = Served::start(root.path());
        assert_eq!(served.terminate(), Some(0));
    }
    let (told, code) = verify(&root.path().join("data"), &["--json"]);
    assert_eq!(code, Some(0), "{told}");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["chains"].as_array().unwrap().len(), 1);
    assert_eq!(told["chains"][0]["first"], 1);
    let mut deeds = deeds(&root.path().join("data/audit.ndjson"));
    deeds.retain(|deed| deed != "takeover");
    assert_eq!(deeds, ["start", "stop", "start", "stop"]);
}
