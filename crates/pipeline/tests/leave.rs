//! Drain and shed: connections end between messages, what is in hand is answered, and senders see an orderly end.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, closed, config, field, http, read_all, start, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn framed(message: &[u8]) -> Vec<u8> {
    [b"\x0b", message, b"\x1c\r"].concat()
}

#[tokio::test]
async fn a_drain_waits_for_the_message_that_has_begun() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.limits.drain = PATIENCE;
    let running = start(config).await;
    let mut idle = Sender::connect(&running).await;
    let mut busy = Sender::connect(&running).await;
    for sender in [&mut idle, &mut busy] {
        assert_eq!(field(&sender.send(&adt("FIRST")).await, "MSA", 1), "AA");
    }
    let frame = framed(&adt("BEGUN"));
    busy.raw(&frame[..20]).await;
    running.drain();
    assert_eq!(idle.answer().await, None);
    busy.raw(&frame[20..]).await;
    let answer = busy.answer().await.unwrap();
    assert_eq!(
        (field(&answer, "MSA", 1), field(&answer, "MSA", 2)),
        ("AA".to_owned(), "BEGUN".to_owned())
    );
    assert_eq!(busy.answer().await, None);
    until("both ends", || closed(&running, "drained") == 2).await;
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    assert!(dead.is_empty());
}

#[tokio::test]
async fn a_message_that_does_not_end_holds_a_drain_for_a_stated_time_only() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.limits.drain = Duration::from_millis(300);
    let running = start(config).await;
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("FIRST")).await, "MSA", 1), "AA");
    sender.raw(b"\x0bMSH|").await;
    running.drain();
    assert_eq!(sender.answer().await, None);
    until("its end", || closed(&running, "leave-timeout") == 1).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn drain_over_http_answers_once_all_have_left_and_the_process_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut running = start(config(directory.path())).await;
    let mut senders = Vec::new();
    for n in 0..5 {
        let mut sender = Sender::connect(&running).await;
        let answer = sender.send(&adt(&format!("D{n}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
        senders.push(sender);
    }
    assert_eq!(http(&running, "GET", "/readyz").await.0, 200);
    assert_eq!(
        http(&running, "POST", "/drain").await,
        (200, "{\"open\":0}".to_owned())
    );
    for mut sender in senders {
        assert_eq!(sender.answer().await, None);
    }
    let (status, body) = http(&running, "GET", "/readyz").await;
    assert_eq!(status, 503);
    assert!(body.contains("the listeners drain"), "{body}");
    assert!(
        TcpStream::connect(running.listeners()[0].address)
            .await
            .is_err()
    );
    // What was acknowledged is transformed as before; nothing has failed.
    assert!(running.caught_up(PATIENCE).await);
    tokio::select! {
        biased;
        error = running.failed() => panic!("{error}"),
        () = tokio::task::yield_now() => {}
    }
    // Once more is no different.
    assert_eq!(http(&running, "POST", "/drain").await.0, 200);
    running.shutdown().await.unwrap();
    assert_eq!(read_all(directory.path(), Stream::Fhir).await.len(), 5);
}

#[tokio::test]
async fn shed_asks_the_oldest_connections_and_leaves_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut senders = Vec::new();
    for n in 0..6 {
        let mut sender = Sender::connect(&running).await;
        let answer = sender.send(&adt(&format!("S{n}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
        senders.push(sender);
    }
    let shed = |path: &'static str| http(&running, "POST", path);
    assert_eq!(
        shed("/shed?connections=2").await,
        (200, "{\"asked\":2}".to_owned())
    );
    for mut sender in senders.drain(..2) {
        assert_eq!(sender.answer().await, None);
    }
    for sender in &mut senders {
        let answer = sender.send(&adt("AFTER")).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
    }
    until("their ends", || closed(&running, "shed") == 2).await;
    assert_eq!(
        shed("/shed?connections=100").await,
        (200, "{\"asked\":4}".to_owned())
    );
    assert_eq!(shed("/shed").await.0, 400);
    assert_eq!(http(&running, "GET", "/readyz").await.0, 200);
    running.shutdown().await.unwrap();
}

/// Sends one message at a time, each until it is acknowledged; how often a connection ended before the answer.
async fn deliver(address: std::net::SocketAddr, feed: usize, messages: usize) -> usize {
    let mut stream: Option<TcpStream> = None;
    let mut again = 0;
    for n in 0..messages {
        let frame = framed(&adt(&format!("F{feed}-{n}")));
        loop {
            let connection = match &mut stream {
                Some(connection) => connection,
                none => none.insert(TcpStream::connect(address).await.unwrap()),
            };
            connection.write_all(&frame).await.unwrap();
            let mut answer = Vec::new();
            let ended = loop {
                if answer.ends_with(b"\x1c\r") {
                    break false;
                }
                // An orderly end is no error; a reset would be one.
                if connection.read_buf(&mut answer).await.unwrap() == 0 {
                    break true;
                }
            };
            if ended {
                assert!(answer.is_empty(), "an answer was cut off");
                stream = None;
                again += 1;
                continue;
            }
            let answer = String::from_utf8(answer).unwrap();
            assert_eq!(field(&answer, "MSA", 1), "AA");
            assert_eq!(field(&answer, "MSA", 2), format!("F{feed}-{n}"));
            break;
        }
    }
    again
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_under_load_see_no_error_while_connections_are_shed() {
    const FEEDS: usize = 8;
    const MESSAGES: usize = 100;
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let address = running.listeners()[0].address;
    let senders: Vec<_> = (0..FEEDS)
        .map(|feed| tokio::spawn(deliver(address, feed, MESSAGES)))
        .collect();
    let mut asked = 0;
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        asked += running.shed(1);
        tokio::task::yield_now().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut again = 0;
    for sender in senders {
        again += sender.await.unwrap();
    }
    assert!(asked > 0);
    // A connection that was asked to leave costs at most one resend.
    assert!(again <= asked, "{again} resends, {asked} asked");
    assert!(running.caught_up(PATIENCE).await);
    assert_eq!(closed(&running, "leave-timeout"), 0);
    running.shutdown().await.unwrap();
    let mut next = [0; FEEDS];
    for record in read_all(directory.path(), Stream::Fhir).await {
        let id = record.header(header::CONTROL_ID).to_owned();
        let (feed, n) = id[1..].split_once('-').unwrap();
        let feed: usize = feed.parse().unwrap();
        assert_eq!(n.parse::<usize>().unwrap(), next[feed], "{id}");
        next[feed] += 1;
    }
    assert_eq!(next, [MESSAGES; FEEDS]);
}
