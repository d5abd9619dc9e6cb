//! What is kept encrypted is shown, decided about and replayed as ever, by who has the keys.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use support::http::{form, get, post};
use support::{Served, kiln, text};

/// In a field that only the message itself has.
const MARK: &str = "Ashgrove";

fn message(message_type: &str, control_id: &str) -> String {
    format!(
        "MSH|^~\\&|A|B|C|D|20260102030405||{message_type}|{control_id}|P|2.5.1\rPID|1||4711^^^B^MR||{MARK}^Ida||19700101|F\rPV1|1|I\r"
    )
}

fn send(served: &Served, root: &Path, messages: &[String]) {
    let file = root.join("sent.hl7");
    std::fs::write(&file, messages.join("\r")).unwrap();
    let sent = kiln()
        .args(["send", "--to", &served.address])
        .arg(&file)
        .output()
        .unwrap();
    assert!(sent.status.success(), "{}", text(&sent.stderr));
}

/// What a command with the configuration prints, on both outputs, and its exit code.
fn run(root: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let output = kiln()
        .args(arguments)
        .arg("--config")
        .arg(root.join("kiln.yaml"))
        .output()
        .unwrap();
    let all = text(&output.stdout) + &text(&output.stderr);
    (all, output.status.code())
}

#[test]
fn who_has_the_keys_sees_and_decides_and_replays_and_who_has_not_is_told_which() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    std::fs::write(root.join("keys"), "00".repeat(32)).unwrap();
    let served = Served::encrypted(root, &root.join("keys"));
    send(
        &served,
        root,
        &[
            message("ADT^A08^ADT_A01", "S1"),
            message("QBP^Q22^QBP_Q21", "S2"),
        ],
    );
    support::until("a dead letter", || {
        get(&served.http, "/dead").body.contains("no-map")
    });

    let (listed, code) = run(root, &["dead", "list"]);
    assert!(code == Some(0) && listed.contains("QBP^Q22"), "{listed}");
    let (shown, code) = run(root, &["dead", "show", "--purpose", "a test"]);
    assert!(code == Some(0) && shown.contains(MARK), "{shown}");
    let (retried, code) = run(root, &["dead", "retry", "--all"]);
    assert_eq!(code, Some(0), "{retried}");
    support::until("the letter is dead again", || {
        get(&served.http, "/metrics")
            .body
            .contains("kiln_transform_dead_letters_total{reason=\"no-map\"} 2")
    });
    let (differing, code) = run(root, &["replay", "--diff"]);
    assert_eq!(code, Some(0), "{differing}");

    // The console: a letter and a message, as they are.
    let page = get(&served.http, "/messages");
    assert!(page.body.contains("S1"), "{}", page.body);
    let dead = get(&served.http, "/dead").body;
    let cause = [("reason", "no-map"), ("feed", "A|B"), ("type", "QBP^Q22")];
    let masked = get(&served.http, &format!("/dead/letters?{}", form(&cause)));
    assert!(masked.body.contains("xxxxxxxx") && !masked.body.contains(MARK));
    let token = dead.split_once("name=\"form_token\" value=\"").unwrap().1;
    let token = token.split('"').next().unwrap();
    let why = [("form_token", token), ("purpose", "a test"), ("by", "me")];
    let open = post(&served.http, "/dead/letters", &[&cause[..], &why].concat());
    assert!(open.body.contains(MARK), "{}", open.body);

    // Without the keys, and by a command that has none.
    let directory = served.directory.clone();
    assert_eq!(served.terminate(), Some(0));
    let (told, code) = support::on_store("dead", &directory, &["show"]);
    assert!(
        code != Some(0) && told.contains("store.encryption.keyFile"),
        "{told}"
    );
    assert!(!told.contains(MARK));
    std::fs::write(root.join("keys"), "11".repeat(32)).unwrap();
    let (told, code) = run(root, &["dead", "list"]);
    assert!(code != Some(0) && told.contains("put it back"), "{told}");
    std::fs::write(root.join("keys"), "11".repeat(31)).unwrap();
    let checked = kiln()
        .args(["config", "check"])
        .arg(root.join("kiln.yaml"))
        .output();
    let checked = checked.unwrap();
    let told = text(&checked.stderr);
    assert!(
        !checked.status.success() && told.contains("keys:1: not a key"),
        "{told}"
    );
    for file in ["raw.redb", "dead.ndjson"] {
        let bytes = std::fs::read(directory.join(file)).unwrap();
        let plain = bytes
            .windows(MARK.len())
            .any(|part| part == MARK.as_bytes());
        assert!(!plain, "{file}");
    }
}
