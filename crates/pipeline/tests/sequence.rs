//! The sequence number protocol (HL7 v2.9 §2.10.1): numbers in MSH-13, answers in MSA-4.

#![allow(clippy::unwrap_used)]

mod support;

use kiln_pipeline::config::Config;
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, config, field, metric, read_all, start};

/// One feed, whose messages are numbered.
fn numbered(directory: &std::path::Path) -> Config {
    let mut config = config(directory);
    config.listeners[0].feed = Some("ward".to_owned());
    config.listeners[0].sequence_numbers = true;
    config
}

/// A message with that in MSH-13.
fn message(control_id: &str, number: &str) -> Vec<u8> {
    let text = String::from_utf8(adt(control_id)).unwrap();
    text.replacen("|P|2.5\r", &format!("|P|2.5|{number}\r"), 1)
        .into_bytes()
}

/// A message without functional content, which starts or resynchronises a link.
fn link(number: &str) -> Vec<u8> {
    format!("MSH|^~\\&|ADT|NORTH|KILN|LAKE|20260102030405||^|LINK|P|2.5|{number}\r").into_bytes()
}

/// MSA-1, MSA-2 and MSA-4.
async fn answer(sender: &mut Sender, message: &[u8]) -> [String; 3] {
    let answer = sender.send(message).await;
    [1, 2, 4].map(|number| field(&answer, "MSA", number))
}

async fn kept(directory: &std::path::Path) -> Vec<String> {
    let records = read_all(directory, Stream::Fhir).await;
    let id = |record: &kiln_pipeline::record::Record| record.header(header::CONTROL_ID).to_owned();
    records.iter().map(id).collect()
}

#[tokio::test]
async fn numbers_are_echoed_and_the_next_connection_knows_the_last() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(numbered(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    // Nothing was accepted yet: whichever number comes first counts.
    assert_eq!(answer(&mut sender, &link("0")).await, ["AA", "LINK", "-1"]);
    for number in 7..10 {
        let (id, number) = (format!("M{number}"), number.to_string());
        let answer = answer(&mut sender, &message(&id, &number)).await;
        assert_eq!(answer, ["AA", &id, &number]);
    }
    let mut next = Sender::connect(&running).await;
    assert_eq!(answer(&mut next, &link("0")).await, ["AA", "LINK", "10"]);
    running.shutdown().await.unwrap();

    let running = start(numbered(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    // The answer to the last was lost, says the sender.
    let again = answer(&mut sender, &message("M9", "9")).await;
    assert_eq!(again, ["AA", "M9", "10"]);
    let new = answer(&mut sender, &message("M10", "10")).await;
    assert_eq!(new, ["AA", "M10", "10"]);
    assert!(running.caught_up(PATIENCE).await);
    let duplicates = metric(&running, "kiln_transform_duplicates_total");
    running.shutdown().await.unwrap();
    assert_eq!(kept(directory.path()).await, ["M7", "M8", "M9", "M10"]);
    assert_eq!(duplicates, 0);
}

#[tokio::test]
async fn a_message_out_of_sequence_is_not_taken_and_the_expected_number_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(numbered(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let first = answer(&mut sender, &message("A", "1")).await;
    assert_eq!(first, ["AA", "A", "1"]);
    for (id, number) in [("GAP", "3"), ("OTHER", "1")] {
        let refused = answer(&mut sender, &message(id, number)).await;
        assert_eq!(refused, ["AE", id, "2"]);
    }
    let series = "kiln_listen_refused_total{reason=\"out-of-sequence\"}";
    assert_eq!(metric(&running, series), 2);
    // Pipelined messages are no exception: the second is held against the first.
    sender.frame(&message("B", "2")).await;
    sender.frame(&message("C", "3")).await;
    for (id, number) in [("B", "2"), ("C", "3")] {
        let answer = sender.answer().await.unwrap();
        let told = [1, 2, 4].map(|number| field(&answer, "MSA", number));
        assert_eq!(told, ["AA", id, number]);
    }
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(kept(directory.path()).await, ["A", "B", "C"]);
    assert!(read_all(directory.path(), Stream::Dead).await.is_empty());
}

#[tokio::test]
async fn a_sender_may_begin_its_numbers_anew() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(numbered(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    let first = answer(&mut sender, &message("A", "40")).await;
    assert_eq!(first, ["AA", "A", "40"]);
    assert_eq!(answer(&mut sender, &link("-1")).await, ["AA", "LINK", "-1"]);
    let anew = answer(&mut sender, &message("B", "1")).await;
    assert_eq!(anew, ["AA", "B", "1"]);
    let mut next = Sender::connect(&running).await;
    assert_eq!(answer(&mut next, &link("0")).await, ["AA", "LINK", "2"]);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_has_no_number_of_its_own_is_refused_and_kept_as_a_dead_letter() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(numbered(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for (id, number) in [("A", ""), ("B", "x"), ("C", "-2"), ("D", "0"), ("E", "-1")] {
        let [code, told, _] = answer(&mut sender, &message(id, number)).await;
        assert_eq!([code.as_str(), told.as_str()], ["AR", id]);
    }
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    let reasons: Vec<&str> = dead
        .iter()
        .map(|record| record.header(header::REASON))
        .collect();
    let none = "no-sequence-number";
    let link = "link-message-with-content";
    assert_eq!(reasons, [none, none, none, link, link]);
}

#[tokio::test]
async fn feeds_that_do_not_ask_for_it_are_not_held_to_numbers() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for (id, number) in [("A", "5"), ("B", "1"), ("C", "")] {
        assert_eq!(
            answer(&mut sender, &message(id, number)).await,
            ["AA", id, ""]
        );
    }
    running.shutdown().await.unwrap();
}
