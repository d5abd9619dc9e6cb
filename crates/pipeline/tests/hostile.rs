//! Slow, greedy and broken peers: each costs a bounded amount, is closed with a counted reason, and others are served.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use kiln_pipeline::RunningPipeline;
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use support::{Sender, adt, closed, config, field, metric, read_all, start, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

async fn others_are_served(running: &RunningPipeline) {
    let mut other = Sender::connect(running).await;
    assert_eq!(field(&other.send(&adt("OTHER")).await, "MSA", 1), "AA");
}

fn address(running: &RunningPipeline) -> SocketAddr {
    running.listeners()[0].address
}

/// Reads until the connection ends, in whatever way.
async fn ended(stream: &mut TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    while matches!(stream.read(&mut buffer).await, Ok(read) if read > 0) {}
}

#[tokio::test]
async fn one_address_cannot_take_every_place() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].max_connections_per_address = 2;
    let running = start(config).await;
    let mut first = Sender::connect(&running).await;
    let mut second = Sender::connect(&running).await;
    for sender in [&mut first, &mut second] {
        assert_eq!(field(&sender.send(&adt("A")).await, "MSA", 1), "AA");
    }
    let mut third = Sender::connect(&running).await;
    assert_eq!(third.answer().await, None);
    assert_eq!(closed(&running, "too-many-of-address"), 1);
    // Another address has places of its own, and a place that is left can be taken again.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let _elsewhere = socket.connect(address(&running)).await.unwrap();
    until("a connection of another address", || {
        metric(&running, "kiln_listen_connections") == 3
    })
    .await;
    drop(first);
    until("a place that is left", || {
        metric(&running, "kiln_listen_connections") == 2
    })
    .await;
    others_are_served(&running).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn thousands_of_connections_are_turned_away_beyond_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].max_connections = 20;
    let running = start(config).await;
    let mut kept = Vec::new();
    let mut crowd = Vec::new();
    for _ in 0..20 {
        let mut sender = Sender::connect(&running).await;
        assert_eq!(field(&sender.send(&adt("A")).await, "MSA", 1), "AA");
        kept.push(sender);
    }
    for _ in 0..2000 {
        crowd.push(TcpStream::connect(address(&running)).await.unwrap());
    }
    for stream in &mut crowd {
        ended(stream).await;
    }
    assert_eq!(closed(&running, "too-many"), 2000);
    assert_eq!(metric(&running, "kiln_listen_connections"), 20);
    for sender in &mut kept {
        assert_eq!(field(&sender.send(&adt("B")).await, "MSA", 1), "AA");
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_endless_frame_ends_at_the_frame_timeout_and_is_not_held() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].frame_timeout = Duration::from_millis(500);
    config.listeners[0].max_frame_bytes = 256 * 1024;
    let running = start(config).await;
    let mut stream = TcpStream::connect(address(&running)).await.unwrap();
    stream.write_all(b"\x0bMSH|^~\\&|A|B\r").await.unwrap();
    let chunk = vec![b'x'; 64 * 1024];
    let mut sent = 0_u64;
    // It sends on for as long as it is let.
    while stream.write_all(&chunk).await.is_ok() {
        sent += chunk.len() as u64;
        assert!(metric(&running, "kiln_listen_receiving_bytes") <= 256 * 1024 + 16 * 1024);
    }
    assert!(sent > 1024 * 1024, "{sent}");
    until("its end", || closed(&running, "frame-timeout") == 1).await;
    assert_eq!(metric(&running, "kiln_listen_receiving_bytes"), 0);
    others_are_served(&running).await;
    running.shutdown().await.unwrap();
    let dead = read_all(directory.path(), Stream::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].header(header::REASON), "frame-timeout");
    assert!(dead[0].value.starts_with(b"MSH|^~\\&|A|B\rxxx"));
    assert_eq!(dead[0].value.len(), kiln_hl7::HEAD_BYTES);
}

#[tokio::test]
async fn long_messages_that_do_not_end_share_one_bounded_room() {
    const FRAME: usize = 256 * 1024;
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].frame_timeout = Duration::from_secs(1);
    config.listeners[0].max_frame_bytes = FRAME;
    config.limits.max_receiving_bytes = FRAME;
    let running = start(config).await;
    let mut greedy = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(address(&running)).await.unwrap();
        greedy.push(tokio::spawn(async move {
            let mut part = b"\x0bMSH|^~\\&|A|B\r".to_vec();
            part.resize(FRAME - 1024, b'x');
            // What has no room is not read, and may stay unsent.
            let _ = stream.write_all(&part).await;
            ended(&mut stream).await;
        }));
    }
    until("a room that is full", || {
        metric(&running, "kiln_listen_receiving_bytes") > 128 * 1024
    })
    .await;
    // Messages of usual length need none of it, in however many parts they come.
    others_are_served(&running).await;
    let mut slow = Sender::connect(&running).await;
    let frame = [b"\x0b", &adt("SLOW")[..], b"\x1c\r"].concat();
    for part in frame.chunks(10) {
        slow.raw(part).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(field(&slow.answer().await.unwrap(), "MSA", 2), "SLOW");
    until("their end", || {
        assert!(metric(&running, "kiln_listen_receiving_bytes") <= i64::try_from(FRAME).unwrap());
        closed(&running, "frame-timeout") + closed(&running, "no-room") == 8
    })
    .await;
    assert!(closed(&running, "no-room") > 0);
    for one in greedy {
        one.await.unwrap();
    }
    assert_eq!(metric(&running, "kiln_listen_receiving_bytes"), 0);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_peer_that_never_reads_its_answers_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].write_timeout = Duration::from_millis(300);
    config.listeners[0].max_in_flight = 4;
    let running = start(config).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(address(&running)).await.unwrap();
    // The answer repeats MSH-3, so that answers fill the socket's buffers soon.
    let application = "A".repeat(100 * 1024);
    let mut n = 0;
    let flood = async {
        loop {
            let message = format!(
                "\x0bMSH|^~\\&|{application}|B|C|D|20260101||ADT^A01|F{n}|P|2.5\rPID|1\r\x1c\r"
            );
            n += 1;
            if stream.write_all(message.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(support::PATIENCE, flood)
        .await
        .expect("its end");
    until("its end", || closed(&running, "not-reading") == 1).await;
    until("an empty room", || {
        metric(&running, "kiln_listen_in_flight_messages") == 0
            && metric(&running, "kiln_listen_in_flight_bytes") == 0
    })
    .await;
    others_are_served(&running).await;
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_reset_within_a_frame_is_counted_and_leaves_its_head() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut stream = TcpStream::connect(address(&running)).await.unwrap();
    stream
        .write_all(b"\x0bMSH|^~\\&|ADT|NORTH|||20260101||ADT^A01|CUT|P|2.5\rPID|1")
        .await
        .unwrap();
    until("the connection", || {
        metric(&running, "kiln_listen_connections") == 1
    })
    .await;
    stream.set_zero_linger().unwrap();
    drop(stream);
    until("its end", || closed(&running, "reset") == 1).await;
    others_are_served(&running).await;
    running.shutdown().await.unwrap();
    // What the system had not given out when the reset came is gone; what had been read is kept.
    for letter in read_all(directory.path(), Stream::Dead).await {
        assert_eq!(letter.header(header::REASON), "truncated");
        assert_eq!(letter.header(header::CONTROL_ID), "CUT");
    }
}

#[tokio::test]
async fn a_silent_peer_is_closed_after_the_idle_timeout() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.listeners[0].idle_timeout = Duration::from_millis(300);
    let running = start(config).await;
    let mut silent = Sender::connect(&running).await;
    // A return of its own after the frame's end begins no message.
    silent.frame(&adt("A")).await;
    assert_eq!(field(&silent.answer().await.unwrap(), "MSA", 1), "AA");
    silent.raw(b"\r").await;
    assert_eq!(silent.answer().await, None);
    assert_eq!(closed(&running, "frame-timeout"), 0);
    until("its end", || closed(&running, "idle") == 1).await;
    running.shutdown().await.unwrap();
}
