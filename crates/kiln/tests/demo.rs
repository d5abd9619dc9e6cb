//! `kiln demo`: what a newcomer sees first.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::TcpListener;

use support::{json_lines, kiln, text};

#[test]
fn the_demo_shows_messages_acknowledgments_and_fhir() {
    let root = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = kiln()
        .args(["demo", "--port", &port])
        .current_dir(root.path())
        .output()
        .unwrap();
    let shown = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{shown}{}",
        text(&output.stderr)
    );
    assert!(text(&output.stderr).contains("is taken"));
    for part in [
        "ADT^A01",
        "ORU^R01",
        "AA",
        "p50",
        "p99",
        "Patient",
        "Observation",
        "no-map",
        "MSH|",
        "\"resourceType\"",
        "kiln-demo/fhir",
        "Try next",
    ] {
        assert!(shown.contains(part), "{part} is missing from:\n{shown}");
    }
    assert!(
        shown.lines().all(|line| line.chars().count() <= 100),
        "too wide without a terminal"
    );
    let patients =
        json_lines(&std::fs::read(root.path().join("kiln-demo/fhir/Patient.ndjson")).unwrap());
    assert!(patients.len() > 10);

    let tailed = kiln()
        .args(["tail", "--dir", "kiln-demo", "--type", "Patient"])
        .current_dir(root.path())
        .output()
        .unwrap();
    assert_eq!(json_lines(&tailed.stdout), patients);
}

#[test]
fn a_second_demo_takes_a_fresh_directory() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("kiln-demo")).unwrap();
    let output = kiln()
        .args(["demo", "--port", "0"])
        .current_dir(root.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(root.path().join("kiln-demo-2/fhir").is_dir());
}
