//! `kiln convert`: inputs of every form, names of outputs, what failed and why.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;

use support::{fixture, json_lines, kiln, text, with_input};

#[test]
fn a_file_becomes_ndjson_on_standard_output() {
    let output = kiln()
        .arg("convert")
        .arg(fixture("oru-r01-blood-count.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let resources = json_lines(&output.stdout);
    let patient = resources
        .iter()
        .find(|resource| resource["resourceType"] == "Patient")
        .unwrap();
    assert_eq!(patient["birthDate"], "1979-04-12");
    assert!(
        resources
            .iter()
            .any(|resource| resource["resourceType"] == "DiagnosticReport")
    );
}

#[test]
fn a_profile_is_claimed_when_it_is_asked_for() {
    let convert = |profile: &str| {
        kiln()
            .args(["convert", "--profile", profile])
            .arg(fixture("adt-a01-admit-medical.hl7"))
            .output()
            .unwrap()
    };
    let claims = |profile: &str| {
        let resources = json_lines(&convert(profile).stdout);
        let claim = |resource: &serde_json::Value| resource["meta"]["profile"].is_array();
        resources.iter().any(claim)
    };
    assert!(claims("us-core"));
    assert!(!claims("r4"));
    let wrong = convert("uscore");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("r4 or us-core"));
}

#[test]
fn standard_input_converts_as_the_file_does() {
    let path = fixture("oru-r01-radiology-report.hl7");
    let of_file = kiln().arg("convert").arg(&path).output().unwrap();
    let of_input = with_input(kiln().args(["convert", "-"]), &fs::read(&path).unwrap());
    assert!(of_input.status.success());
    assert_eq!(of_file.stdout, of_input.stdout);
}

#[test]
fn line_ends_make_no_difference() {
    let cr = fs::read(fixture("oru-r01-blood-count.hl7")).unwrap();
    let as_cr = with_input(kiln().args(["convert", "-"]), &cr).stdout;
    for end in [&b"\n"[..], b"\r\n"] {
        let other: Vec<u8> = cr
            .split(|byte| *byte == b'\r')
            .collect::<Vec<_>>()
            .join(end);
        assert_eq!(
            with_input(kiln().args(["convert", "-"]), &other).stdout,
            as_cr
        );
    }
    let framed = [b"\x0b", cr.as_slice(), b"\x1c\r"].concat();
    assert_eq!(
        with_input(kiln().args(["convert", "-"]), &framed).stdout,
        as_cr
    );
}

#[test]
fn several_messages_become_a_bundle_a_line() {
    let output = kiln()
        .args(["convert", "--format", "bundle"])
        .arg(fixture("mllp-framed-oru-r01-two.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let bundles = json_lines(&output.stdout);
    assert_eq!(bundles.len(), 2);
    assert!(bundles.iter().all(|bundle| bundle["type"] == "transaction"));
}

#[test]
fn a_batch_file_is_as_many_messages_as_it_holds() {
    let output = kiln()
        .args(["convert", "--json"])
        .arg(fixture("batch-adt-a08-three.hl7"))
        .output()
        .unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(summary["messages"], 3);
}

#[test]
fn each_input_of_a_directory_has_its_own_output() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("in"), root.path().join("out"));
    fs::create_dir_all(from.join("lab")).unwrap();
    fs::copy(fixture("vxu-v04-refusal.hl7"), from.join("one.hl7")).unwrap();
    fs::copy(fixture("oru-r01-blood-count.hl7"), from.join("lab/two.HL7")).unwrap();
    fs::write(from.join("notes.txt"), "no message").unwrap();
    let output = kiln()
        .args(["convert", "--out"])
        .arg(&to)
        .arg(&from)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for name in ["one.json", "lab/two.json"] {
        let bundle: serde_json::Value =
            serde_json::from_slice(&fs::read(to.join(name)).unwrap()).unwrap();
        assert_eq!(bundle["resourceType"], "Bundle");
    }
    let output = kiln()
        .args(["convert", "--format", "ndjson", "--out"])
        .arg(&to)
        .arg(&from)
        .output()
        .unwrap();
    assert!(output.status.success());
    assert!(json_lines(&fs::read(to.join("lab/two.ndjson")).unwrap()).len() > 1);
}

#[test]
fn what_failed_is_named_and_the_rest_is_converted() {
    let root = tempfile::tempdir().unwrap();
    fs::copy(fixture("vxu-v04-refusal.hl7"), root.path().join("a.hl7")).unwrap();
    fs::copy(
        fixture("qbp-q22-find-candidates.hl7"),
        root.path().join("b.hl7"),
    )
    .unwrap();
    fs::write(root.path().join("c.hl7"), "this is no message").unwrap();
    let output = kiln().arg("convert").arg(root.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stdout.is_empty());
    let summary = text(&output.stderr);
    assert!(
        summary.contains("b.hl7, message 1: no map for message type QBP^Q22"),
        "{summary}"
    );
    assert!(summary.contains("c.hl7"), "{summary}");
    assert!(!summary.contains("a.hl7"), "{summary}");
    let output = kiln()
        .args(["convert", "--json"])
        .arg(root.path())
        .output()
        .unwrap();
    let summary: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(summary["files"], 3);
    assert_eq!(summary["failures"].as_array().unwrap().len(), 2);
}

#[test]
fn a_missing_file_is_an_error_before_anything_is_done() {
    let output = kiln()
        .args(["convert", "/nonexistent.hl7"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/nonexistent.hl7"));
}

#[test]
fn inputs_that_would_share_an_output_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let (from, to) = (root.path().join("in"), root.path().join("out"));
    fs::create_dir_all(&from).unwrap();
    for name in ["same.hl7", "same.HL7"] {
        fs::copy(fixture("vxu-v04-refusal.hl7"), from.join(name)).unwrap();
    }
    let output = kiln()
        .args(["convert", "--out"])
        .arg(&to)
        .arg(&from)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("same.json"));
    assert!(!to.exists());
}
