//! `kiln replay` over an embedded store that `kiln serve` has filled.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Served, json_lines, kiln, text, with_input};

/// An admission and an update of one patient, whose sex has a local code.
fn message(control_id: &str, event: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|ADT|NORTH|||20260102030405||ADT^{event}|{control_id}|P|2.5\r\
         PID|1||77^^^NORTH^MR||Marlow^Ida||19700101|W\rPV1|1|I\r"
    )
    .into_bytes()
}

fn site(root: &Path, name: &str, text: &str) -> PathBuf {
    let directory = root.join(name);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("site.yaml"), text).unwrap();
    directory
}

/// A store that has three messages, one of them twice, and is not in use.
fn filled(root: &Path) -> PathBuf {
    let served = Served::start(root);
    for bytes in [
        message("1", "A01"),
        message("2", "A08"),
        message("2", "A08"),
        message("3", "Z99"),
    ] {
        let mut command = kiln();
        command.args(["send", "--to", &served.address, "-"]);
        let sent = with_input(&mut command, &bytes);
        assert_eq!(sent.status.code(), Some(0), "{}", text(&sent.stderr));
    }
    let directory = served.directory.clone();
    // The last of them becomes a dead letter.
    let deadline = Instant::now() + Duration::from_secs(30);
    while !std::fs::read_to_string(directory.join("headers/dead.ndjson"))
        .is_ok_and(|lines| lines.ends_with('\n'))
    {
        assert!(Instant::now() < deadline, "the dead letter in time");
    }
    assert_eq!(served.terminate(), Some(0));
    directory
}

fn replay(directory: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    support::on_store("replay", directory, arguments)
}

fn result(directory: &Path, arguments: &[&str]) -> (Value, Option<i32>) {
    let (all, code) = replay(directory, &[arguments, &["--json"]].concat());
    let object = serde_json::from_str(&all).unwrap_or_else(|_| panic!("{all}"));
    (object, code)
}

fn patients(directory: &Path) -> Vec<Value> {
    json_lines(&std::fs::read(directory.join("fhir/Patient.ndjson")).unwrap())
}

#[test]
fn differences_to_what_was_emitted_are_shown_by_element_and_nothing_is_written() {
    let root = tempfile::tempdir().unwrap();
    let directory = filled(root.path());
    let before = patients(&directory);
    let (same, code) = result(&directory, &["--diff"]);
    assert_eq!(
        (&same["messages"], &same["differ"], code),
        (&3.into(), &0.into(), Some(0))
    );

    let overlay = site(
        root.path(),
        "new",
        "map: AdministrativeSex\ncodes:\n  W: female\n",
    );
    let overlay = overlay.to_str().unwrap();
    let (changed, _) = result(&directory, &["--diff", "--overlay", overlay]);
    assert_eq!(changed["differ"], 2, "{changed}");
    let elements: Vec<&str> = changed["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["element"].as_str().unwrap())
        .collect();
    assert!(elements.contains(&"Patient.gender"), "{elements:?}");
    let first = &changed["changes"][0]["first"];
    assert_eq!(first["source"], "raw/0/0");
    assert!(
        first.get("new").is_none(),
        "values only when asked for: {first}"
    );
    let (one, _) = result(
        &directory,
        &["--diff", "--overlay", overlay, "--control-id", "2"],
    );
    assert_eq!((&one["messages"], &one["differ"]), (&1.into(), &1.into()));
    assert_eq!(patients(&directory), before);
}

#[test]
fn a_shadow_lies_beside_and_the_same_job_is_done_once() {
    let root = tempfile::tempdir().unwrap();
    let directory = filled(root.path());
    let before = patients(&directory);
    assert_eq!(before.len(), 2);
    let overlay = site(
        root.path(),
        "new",
        "map: AdministrativeSex\ncodes:\n  W: female\n",
    );
    let overlay = overlay.to_str().unwrap();

    let shadow = ["--overlay", overlay, "--into", "new-maps"];
    let (done, code) = result(&directory, &shadow);
    assert_eq!(code, Some(1), "{done}");
    assert_eq!((&done["read"], &done["replayed"]), (&4.into(), &3.into()));
    assert_eq!(done["failed"]["no-map"], 1);
    assert_eq!(patients(&directory), before);
    let beside = patients(&directory.join("shadows/new-maps"));
    assert_eq!(beside.len(), 2);
    assert!(beside.iter().all(|patient| patient["gender"] == "female"));

    let (again, code) = result(&directory, &shadow);
    assert_eq!((&again["read"], code), (&0.into(), Some(0)));
    assert_eq!(patients(&directory.join("shadows/new-maps")), beside);

    let (same, _) = result(
        &directory,
        &["--overlay", overlay, "--type", "ADT^A08", "--into", "same"],
    );
    assert_eq!(same["replayed"], 1);
    let after = patients(&directory);
    assert_eq!(after.len(), 3);
    assert_eq!(
        (&after[..2], &after[2]["gender"]),
        (&before[..], &"female".into())
    );
    // Replayed with the same maps, the bytes and the ids are the same.
    let (plain, _) = result(&directory, &["--control-id", "1", "--into", "same"]);
    assert_eq!(plain["replayed"], 1);
    assert_eq!(patients(&directory)[3], before[0]);

    // What transform goes on with is not touched.
    let served = Served::start(root.path());
    assert_eq!(served.terminate(), Some(0));
    assert_eq!(patients(&directory).len(), 4);
}

#[test]
fn a_replay_goes_through_the_process_that_has_the_store() {
    let root = tempfile::tempdir().unwrap();
    let directory = filled(root.path());
    let served = Served::start(root.path());
    let (same, code) = result(&directory, &["--diff"]);
    assert_eq!(
        (&same["messages"], &same["differ"], code),
        (&3.into(), &0.into(), Some(0))
    );
    let before = patients(&directory);
    let (done, code) = result(&directory, &["--into", "beside"]);
    assert_eq!((&done["replayed"], code), (&3.into(), Some(1)), "{done}");
    assert_eq!(patients(&directory.join("shadows/beside")), before);
    let (again, _) = result(&directory, &["--into", "beside"]);
    assert_eq!(again["read"], 0);
    let (bulk, code) = replay(&directory, &["--lane", "bulk", "--into", "same"]);
    assert_eq!(code, Some(3));
    assert!(
        bulk.contains("nothing was received in the bulk lane"),
        "{bulk}"
    );

    let (behind, _) = result(&directory, &["--control-id", "1", "--into", "same"]);
    assert_eq!(behind["replayed"], 1);
    assert_eq!(patients(&directory).len(), before.len() + 1);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn what_cannot_be_asked_is_said() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    for wrong in [
        &["--into", "fhir"][..],
        &["--since", "yesterday", "--diff"],
        &["--diff", "--into", "same"],
        &[],
    ] {
        let (all, code) = replay(&served.directory, wrong);
        assert_eq!(code, Some(2), "{wrong:?}: {all}");
    }
    assert_eq!(served.terminate(), Some(0));
}
