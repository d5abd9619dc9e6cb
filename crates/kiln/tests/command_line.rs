//! Help, completions and configuration.

#![allow(clippy::unwrap_used)]

mod support;

use support::{kiln, text};

#[test]
fn every_subcommand_teaches_by_example() {
    for subcommand in [
        "demo",
        "serve",
        "tail",
        "dead",
        "convert",
        "explain",
        "send",
        "config",
        "mapping",
        "topics",
        "shadow",
        "completions",
    ] {
        let output = kiln().args([subcommand, "--help"]).output().unwrap();
        assert!(output.status.success(), "{subcommand}");
        assert!(
            text(&output.stdout).contains("Examples:\n  "),
            "{subcommand}"
        );
    }
}

#[test]
fn completions_know_the_subcommands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = kiln().args(["completions", shell]).output().unwrap();
        assert!(output.status.success());
        assert!(text(&output.stdout).contains("convert"), "{shell}");
    }
}

#[test]
fn the_example_configuration_is_a_good_one() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kiln.yaml");
    std::fs::write(
        &file,
        kiln().args(["config", "example"]).output().unwrap().stdout,
    )
    .unwrap();
    let output = kiln()
        .args(["config", "check"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
}

#[test]
fn a_mistake_in_the_configuration_is_reported_with_its_place() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kiln.yaml");
    std::fs::write(
        &file,
        "name: kiln\nlisteners:\n  - name: mllp\n    adress: 127.0.0.1:2575\n",
    )
    .unwrap();
    let output = kiln()
        .args(["config", "check"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("kiln.yaml:4"), "{error}");
    assert!(error.contains("address"), "{error}");
}

#[test]
fn certificates_are_checked_with_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kiln.yaml");
    std::fs::write(directory.path().join("empty.pem"), "").unwrap();
    let empty = directory.path().join("empty.pem");
    let tls = format!("cert: {0}, key: {0}", empty.display());
    std::fs::write(&file, format!("listeners:\n  - tls: {{ {tls} }}\n")).unwrap();
    let output = kiln()
        .args(["config", "check"])
        .arg(&file)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("listener mllp: tls: "), "{error}");
    assert!(error.contains("empty.pem: no certificate in it"), "{error}");
}

#[test]
fn the_schema_is_json() {
    let output = kiln().args(["config", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(schema["properties"]["listeners"].is_object());
}

#[test]
fn a_missing_directory_is_one_line_with_the_fix() {
    let output = kiln()
        .args(["tail", "--dir", "/nonexistent/kiln"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr).lines().count(), 1);
    assert!(text(&output.stderr).contains("--dir"));
}

#[test]
fn topics_are_asked_for_only_where_there_are_some_and_deleted_only_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("kiln.yaml");
    std::fs::write(&file, "name: north\nlisteners:\n  - name: mllp\n").unwrap();
    let topics = |arguments: &[&str]| {
        let mut command = kiln();
        command.arg("topics").args(arguments).arg("--config");
        let output = command.arg(&file).output().unwrap();
        (output.status.code(), text(&output.stderr))
    };
    let (code, error) = topics(&["check"]);
    assert_eq!(code, Some(3));
    assert!(
        error.contains("the embedded store has no topics"),
        "{error}"
    );
    let (code, error) = topics(&["delete", "--confirm", "south"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("`north` is; nothing was deleted"), "{error}");
}
