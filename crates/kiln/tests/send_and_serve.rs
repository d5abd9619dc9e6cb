//! `kiln send` against `kiln serve`, read back by `kiln tail`.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use support::{Served, fixture, fixtures, json_lines, kiln, text};

#[test]
fn what_was_sent_is_acknowledged_and_can_be_read_back_after_a_graceful_stop() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let record = root.path().join("sent.ndjson");
    let output = kiln()
        .args([
            "send",
            "--json",
            "--connections",
            "4",
            "--count",
            "120",
            "--to",
            &served.address,
            "--record",
        ])
        .arg(&record)
        .arg(fixtures())
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["messages"], 120);
    assert_eq!(report["refused"], 0);
    assert!(report["latency_ms"]["p99"].as_f64().unwrap() > 0.0);
    let recorded = json_lines(&std::fs::read(&record).unwrap());
    assert_eq!(recorded.len(), 120);
    assert!(
        recorded
            .iter()
            .all(|line| line["code"] == "AA" || line["code"] == "CA")
    );

    let directory = served.directory.clone();
    assert_eq!(served.terminate(), Some(0));
    // What a stop leaves behind is transformed at the next start.
    let again = Served::start(root.path());
    let patients = wait_for_patients(&directory);
    assert!(
        patients
            .iter()
            .all(|patient| patient["resourceType"] == "Patient")
    );
    assert_eq!(again.terminate(), Some(0));
}

/// Asks `tail --follow` for the first Patient, which waits until there is one.
fn wait_for_patients(directory: &std::path::Path) -> Vec<serde_json::Value> {
    use std::io::BufRead as _;
    let mut tail = kiln()
        .args([
            "tail", "--follow", "--type", "Patient", "--format", "ndjson", "--dir",
        ])
        .arg(directory)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(tail.stdout.take().unwrap()).lines();
    let patients = lines
        .take(3)
        .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
        .collect();
    tail.kill().unwrap();
    tail.wait().unwrap();
    patients
}

/// A receiver that answers each frame with what `answer` makes of it, for so many connections.
fn receiver(answers: Vec<Option<&'static str>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut socket, _) = listener.accept().unwrap();
            let mut frame = Vec::new();
            let mut byte = [0];
            while !frame.ends_with(b"\x1c\r") && socket.read(&mut byte).unwrap() == 1 {
                frame.push(byte[0]);
            }
            if let Some(answer) = answer {
                socket
                    .write_all(format!("\x0b{answer}\x1c\r").as_bytes())
                    .unwrap();
            }
        }
    });
    address
}

const HEAD: &str = "MSH|^~\\&|R|F|CEDAR|NMC|20240101||ACK^A08^ACK|1|P|2.5.1\r";

#[test]
fn a_refusal_is_reported_with_the_receivers_words() {
    let answer = format!(
        "{HEAD}MSA|AR|NM-LF-1\rERR||MSH^1^9|200^Unsupported message type^HL70357|E||||not here\r"
    )
    .leak();
    let address = receiver(vec![Some(answer)]);
    let output = kiln()
        .args(["send", "--to", &address])
        .arg(fixture("adt-a08-lf-line-ends.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report = text(&output.stdout);
    assert!(
        report.contains("AR            NM-LF-1 ADT^A08: not here"),
        "{report}"
    );
}

#[test]
fn a_message_without_acknowledgment_is_sent_again() {
    let answer = format!("{HEAD}MSA|AA|NM-LF-1\r").leak();
    let address = receiver(vec![None, None, Some(answer)]);
    let output = kiln()
        .args(["send", "--json", "--to", &address])
        .arg(fixture("adt-a08-lf-line-ends.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["resent"], 2);
    assert_eq!(report["acknowledged"]["AA"], 1);
}

#[test]
fn retries_end_and_nothing_overtakes_the_message_that_failed() {
    let address = receiver(vec![None, None]);
    let output = kiln()
        .args(["send", "--json", "--retries", "1", "--to", &address])
        .arg(fixture("batch-adt-a08-three.hl7"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["unanswered"].as_array().unwrap().len(), 1);
    assert_eq!(report["not_sent"], 2);
}
