//! The acknowledgment protocol (HL7 v2.9 §2.9): which answers come, in which order, and in which version's shape.

#![allow(clippy::unwrap_used)]

mod support;

use kiln_pipeline::config::AckWhen;
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, config, field, read_all, start};

/// A message that asks by MSH-15 and MSH-16; `event` is MSH-9.
fn asking(event: &str, control_id: &str, commit: &str, application: &str) -> Vec<u8> {
    format!(
        "MSH|^~\\&|ADT|NORTH|KILN|LAKE|20260102030405||{event}|{control_id}|P|2.5|||{commit}|{application}\r\
         PID|1||{control_id}^^^NORTH^MR||Doe^Jane||19800101|F\r"
    )
    .into_bytes()
}

/// MSA-1 and MSA-2.
fn said(answer: &str) -> (String, String) {
    (field(answer, "MSA", 1), field(answer, "MSA", 2))
}

fn pair(code: &str, control_id: &str) -> (String, String) {
    (code.to_owned(), control_id.to_owned())
}

#[tokio::test]
async fn an_error_is_told_in_the_shape_of_the_messages_own_version() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for version in [
        "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8",
    ] {
        let control_id = format!("V{version}");
        let message = format!("MSH|^~\\&|ADT|NORTH|||20260101|||{control_id}|P|{version}\rPID|1\r");
        let answer = sender.send(message.as_bytes()).await;
        assert_eq!(said(&answer), pair("AR", &control_id));
        assert_eq!(field(&answer, "MSH", 11), version);
        if matches!(version, "2.3" | "2.3.1" | "2.4") {
            // ERR-1 (ELD): segment, its occurrence, field, code; the words are in MSA-3 (v2.4 §2.16.8 and §2.16.5).
            assert_eq!(
                field(&answer, "ERR", 1),
                "MSH^1^9^101&Required field missing&HL70357"
            );
            assert!(field(&answer, "MSA", 3).contains("MSH-9"), "{answer}");
            assert_eq!(field(&answer, "ERR", 2), "");
        } else {
            // ERR-2 location, ERR-3 code, ERR-4 severity, ERR-8 words (v2.5 §2.15.5); ERR-1 and MSA-3 were withdrawn.
            assert_eq!(field(&answer, "ERR", 1), "");
            assert!(field(&answer, "ERR", 2).starts_with("MSH^1^9"), "{answer}");
            assert_eq!(
                field(&answer, "ERR", 3),
                "101^Required field missing^HL70357"
            );
            assert_eq!(field(&answer, "ERR", 4), "E");
            assert!(field(&answer, "ERR", 8).contains("MSH-9"), "{answer}");
            assert_eq!(field(&answer, "MSA", 3), "");
        }
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn enhanced_mode_answers_at_the_levels_that_are_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    // Pipelined, so that an answer too many would show at the next.
    let asked = [
        ("AL", "NE", &["CA"][..]),
        ("NE", "AL", &["AA"]),
        ("AL", "AL", &["CA", "AA"]),
        ("NE", "NE", &[]),
        ("ER", "ER", &[]),
        ("SU", "SU", &["CA", "AA"]),
        ("", "AL", &["AA"]),
        ("AL", "", &["CA"]),
        ("", "", &["AA"]),
    ];
    for (at, (commit, application, _)) in asked.iter().enumerate() {
        let message = asking("ADT^A01", &format!("E{at}"), commit, application);
        sender.frame(&message).await;
    }
    let mut own_ids = std::collections::BTreeSet::new();
    for (at, (_, _, codes)) in asked.iter().enumerate() {
        for code in *codes {
            let answer = sender.answer().await.unwrap();
            assert_eq!(said(&answer), pair(code, &format!("E{at}")));
            assert!(own_ids.insert(field(&answer, "MSH", 9)), "{answer}");
        }
    }
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    // Silence is an answer, not a loss.
    let outputs = read_all(directory.path(), Stream::Fhir).await;
    assert_eq!(outputs.len(), asked.len());
}

#[tokio::test]
async fn a_refusal_is_told_at_the_level_that_asks() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for (commit, application, code) in [
        ("AL", "AL", "CR"),
        ("ER", "NE", "CR"),
        ("NE", "ER", "AR"),
        ("SU", "AL", "AR"),
    ] {
        // No message type.
        let answer = sender.send(&asking("", "X1", commit, application)).await;
        assert_eq!(said(&answer), pair(code, "X1"));
        assert_eq!(
            field(&answer, "ERR", 3).split('^').next(),
            Some("101"),
            "{answer}"
        );
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn with_mapped_the_second_answer_says_what_the_mapping_does() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].ack_when = AckWhen::Mapped;
    let running = start(config).await;
    let mut sender = Sender::connect(&running).await;
    for (event, id) in [("ADT^A01", "M1"), ("ZZZ^Z99", "M2"), ("ADT^A01", "M3")] {
        sender.frame(&asking(event, id, "AL", "AL")).await;
    }
    for (code, id) in [
        ("CA", "M1"),
        ("AA", "M1"),
        ("CA", "M2"),
        ("AE", "M2"),
        ("CA", "M3"),
        ("AA", "M3"),
    ] {
        let answer = sender.answer().await.unwrap();
        assert_eq!(said(&answer), pair(code, id));
        assert_eq!(answer.contains("\rERR|"), code == "AE", "{answer}");
    }
    // Original mode has one answer. It is no, and the message stays the sender's.
    let answer = sender.send(&asking("ZZZ^Z99", "M4", "", "")).await;
    assert_eq!(said(&answer), pair("AE", "M4"));
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    let of = |id: &str| {
        dead.iter()
            .find(|letter| letter.header(header::CONTROL_ID) == id)
            .unwrap()
    };
    assert_eq!(dead.len(), 2);
    // What was committed lies in the raw log; what was refused does not.
    assert_eq!(of("M2").header(header::SOURCE), "raw/0/1");
    assert_eq!(of("M4").header(header::SOURCE), "");
}

#[tokio::test]
async fn an_acknowledgment_is_kept_and_never_answered() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let ack = b"MSH|^~\\&|ADT|NORTH|||20260101||ACK^A01^ACK|K1|P|2.5|||AL|AL\rMSA|AA|7\r";
    sender.frame(ack).await;
    assert_eq!(said(&sender.send(&adt("NEXT")).await), pair("AA", "NEXT"));
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].header(header::REASON), "acknowledgment");
    assert_eq!(&dead[0].value[..], ack);
}
