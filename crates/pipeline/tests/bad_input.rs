//! Bad input: the sender gets the right answer, the bytes are kept with the reason, others are unharmed.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use kiln_pipeline::record::{Record, header};
use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, config, field, read_all, start};

/// Sends `message`, returns its answer and the dead letter it became, and sees another sender served.
async fn refused(message: &[u8]) -> (String, Record) {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let answer = sender.send(message).await;
    // The same connection and another one go on.
    assert_eq!(field(&sender.send(&adt("AFTER")).await, "MSA", 1), "AA");
    assert_eq!(
        field(
            &Sender::connect(&running).await.send(&adt("OTHER")).await,
            "MSA",
            1
        ),
        "AA"
    );
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    let letter = dead
        .into_iter()
        .find(|record| !["AFTER", "OTHER"].contains(&record.header(header::CONTROL_ID)));
    (answer, letter.expect("a dead letter"))
}

#[tokio::test]
async fn without_msh_is_rejected_and_kept() {
    let (answer, dead) = refused(b"PID|1||1^^^A\r").await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert_eq!(dead.header(header::REASON), "unreadable");
    assert_eq!(&dead.value[..], b"PID|1||1^^^A\r");
}

#[tokio::test]
async fn without_message_type_is_rejected_naming_msh_9() {
    let message = b"MSH|^~\\&|ADT|NORTH|||20260101||  |C1|P|2.5\rPID|1\r";
    let (answer, dead) = refused(message).await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert_eq!(field(&answer, "MSA", 2), "C1");
    assert!(field(&answer, "ERR", 2).starts_with("MSH^1^9"), "{answer}");
    assert_eq!(field(&answer, "ERR", 3).split('^').next(), Some("101"));
    assert_eq!(dead.header(header::REASON), "no-message-type");
    assert_eq!(&dead.value[..], message);
}

#[tokio::test]
async fn without_control_id_is_rejected_naming_msh_10() {
    let (answer, dead) = refused(b"MSH|^~\\&|ADT|NORTH|||20260101||ADT^A01||P|2.5\rPID|1\r").await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert!(field(&answer, "ERR", 2).starts_with("MSH^1^10"), "{answer}");
    assert_eq!(dead.header(header::REASON), "no-control-id");
}

#[tokio::test]
async fn without_version_is_rejected_naming_msh_12() {
    let (answer, dead) = refused(b"MSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|C2|P\rPID|1\r").await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert_eq!(field(&answer, "MSA", 2), "C2");
    assert!(answer.contains("MSH-12"), "{answer}");
    assert_eq!(dead.header(header::REASON), "no-version");
}

#[tokio::test]
async fn another_version_is_rejected() {
    let (answer, dead) =
        refused(b"MSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|C3|P|3.0\rPID|1\r").await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert!(answer.contains("203"), "{answer}");
    assert_eq!(dead.header(header::REASON), "unsupported-version");
}

#[tokio::test]
async fn invalid_bytes_for_the_charset_are_refused_and_kept_as_they_are() {
    let message = b"MSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|C4|P|2.5||||||UNICODE UTF-8\rPID|1||1||M\xfcller\r";
    let (answer, dead) = refused(message).await;
    assert!(
        ["AE", "AR"].contains(&field(&answer, "MSA", 1).as_str()),
        "{answer}"
    );
    assert_eq!(field(&answer, "MSA", 2), "C4");
    assert_eq!(dead.header(header::REASON), "unreadable");
    assert_eq!(&dead.value[..], message);
}

#[tokio::test]
async fn an_unknown_type_is_accepted_and_becomes_a_dead_letter() {
    let (answer, dead) =
        refused(b"MSH|^~\\&|ADT|NORTH|||20260101||ZZZ^Z99|C5|P|2.5\rPID|1\r").await;
    assert_eq!(field(&answer, "MSA", 1), "AA");
    assert_eq!(dead.header(header::REASON), "no-map");
    assert_eq!(dead.header(header::MESSAGE_TYPE), "ZZZ^Z99");
    assert_eq!(dead.header(header::SOURCE), "raw/0/0");
}

#[tokio::test]
async fn over_the_limit_is_refused_and_the_connection_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].max_frame_bytes = 2048;
    let running = start(config).await;
    let mut sender = Sender::connect(&running).await;
    let mut message = adt("BIG");
    message.extend(std::iter::repeat_n(b'x', 100_000));
    let answer = sender.send(&message).await;
    assert_eq!(field(&answer, "MSA", 1), "AR");
    assert_eq!(field(&answer, "MSA", 2), "BIG");
    assert_eq!(field(&sender.send(&adt("AFTER")).await, "MSA", 1), "AA");
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    let letter = dead
        .iter()
        .find(|record| record.header(header::REASON) == "too-long")
        .unwrap();
    assert!(message.starts_with(&letter.value));
}

#[tokio::test]
async fn a_sender_that_disconnects_within_a_frame_leaves_its_head() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    sender
        .raw(b"\x0bMSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|CUT|P|2.5\rPID|1")
        .await;
    drop(sender);
    let mut other = Sender::connect(&running).await;
    assert_eq!(field(&other.send(&adt("OTHER")).await, "MSA", 1), "AA");
    let seen = async {
        while !running.tally().refused.contains_key("truncated") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, seen)
        .await
        .expect("the cut is counted");
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    let letter = dead
        .iter()
        .find(|record| record.header(header::REASON) == "truncated")
        .unwrap();
    assert!(letter.value.ends_with(b"PID|1"));
    assert_eq!(letter.header(header::CONTROL_ID), "CUT");
}

#[tokio::test]
async fn one_byte_a_second_is_closed_after_the_frame_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].frame_timeout = Duration::from_millis(400);
    let running = start(config).await;
    let mut slow = Sender::connect(&running).await;
    slow.raw(b"\x0bM").await;
    // Others are served while it dawdles.
    let mut other = Sender::connect(&running).await;
    assert_eq!(field(&other.send(&adt("OTHER")).await, "MSA", 1), "AA");
    assert_eq!(slow.answer().await, None);
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    assert!(
        dead.iter()
            .any(|record| record.header(header::REASON) == "frame-timeout")
    );
}

#[tokio::test]
async fn garbage_between_frames_is_counted_and_skipped() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    sender.raw(b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(field(&sender.send(&adt("A")).await, "MSA", 1), "AA");
    let garbage = support::metric(&running, "kiln_listen_garbage_bytes_total");
    assert_eq!(garbage, 18);
    running.shutdown().await.unwrap();
}
