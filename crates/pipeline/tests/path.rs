//! The path of a message on the embedded store: order, resends, restarts, health.

#![allow(clippy::unwrap_used)]

mod support;

use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, config, field, read_all, start};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn pipelined_messages_are_answered_in_order_and_leave_one_audit_event_each() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for n in 0..200 {
        sender.frame(&adt(&format!("N{n}"))).await;
    }
    for n in 0..200 {
        let answer = sender.answer().await.unwrap();
        assert_eq!(
            (field(&answer, "MSA", 1).as_str(), field(&answer, "MSA", 2)),
            ("AA", format!("N{n}"))
        );
    }
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    let patients = read_all(directory.path(), Stream::Fhir).await;
    let of: Vec<&str> = patients
        .iter()
        .map(|record| record.header(header::CONTROL_ID))
        .collect();
    let audit = support::received(directory.path()).await;
    let ids: Vec<&str> = audit
        .iter()
        .map(|record| record.header(header::CONTROL_ID))
        .collect();
    let expected: Vec<String> = (0..200).map(|n| format!("N{n}")).collect();
    assert_eq!(ids, expected);
    assert_eq!(of, expected);
    let first = &patients[0];
    assert_eq!(first.header(header::REQUEST_METHOD), "PUT");
    assert_eq!(
        first.header(header::REQUEST_URL),
        format!("Patient/{}", first.key)
    );
    assert!(String::from_utf8_lossy(&first.value).contains("\"birthDate\":\"1980-01-01\""));
}

#[tokio::test]
async fn a_resend_is_acknowledged_and_dropped_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for _ in 0..2 {
        assert_eq!(field(&sender.send(&adt("R1")).await, "MSA", 1), "AA");
    }
    assert!(running.caught_up(PATIENCE).await);
    assert_eq!(running.tally().duplicates, 1);
    running.shutdown().await.unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("R1")).await, "MSA", 1), "AA");
    assert!(running.caught_up(PATIENCE).await);
    assert_eq!(running.tally().duplicates, 1);
    running.shutdown().await.unwrap();
    let told: Vec<String> = support::received(directory.path())
        .await
        .iter()
        .map(|event| {
            let event: serde_json::Value = serde_json::from_slice(&event.value).unwrap();
            event["outcomeDesc"].as_str().unwrap().to_owned()
        })
        .collect();
    let resend = "dropped as a resend";
    assert_eq!(told, ["1 resources", resend, resend]);
}

#[tokio::test]
async fn the_same_control_id_with_other_bytes_is_a_message_of_its_own_and_counted() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let mut other = adt("R2");
    other.extend_from_slice(b"NTE|1||changed\r");
    for message in [adt("R2"), other.clone(), adt("R2"), other] {
        let answer = sender.send(&message).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
        assert_eq!(field(&answer, "MSA", 2), "R2");
    }
    assert!(running.caught_up(PATIENCE).await);
    let metrics = running.metrics_text();
    for line in [
        "kiln_transform_reused_control_ids_total 1",
        "kiln_transform_duplicates_total 2",
        "kiln_transform_window_messages{lane=\"interactive\"} 4",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    running.shutdown().await.unwrap();
    assert_eq!(read_all(directory.path(), Stream::Fhir).await.len(), 2);
}

#[tokio::test]
async fn enhanced_mode_gets_commit_acknowledgments() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let answer = sender
        .send(b"MSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|E1|P|2.5|||AL|NE\rPID|1\r")
        .await;
    assert_eq!(field(&answer, "MSA", 1), "CA");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn health_says_ready_and_metrics_count() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    sender.send(&adt("H1")).await;
    assert!(running.caught_up(PATIENCE).await);
    let address = running.http_address().unwrap();
    let get = |path: &'static str| async move {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: kiln\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    let ready = get("/readyz").await;
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    assert!(
        get("/metrics")
            .await
            .contains("kiln_listen_acknowledgments_total{code=\"AA\",listener=\"mllp\"} 1")
    );
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_second_process_is_told_that_the_directory_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let error = kiln_pipeline::Pipeline::start(config(directory.path()), support::mapper())
        .await
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("in use by another process"),
        "{error}"
    );
    running.shutdown().await.unwrap();
}
