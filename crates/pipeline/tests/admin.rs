//! The address of health and metrics under peers that hold connections open.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use support::{config, http, metric, start, until};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// As LIMITS.md has it.
const HTTP_CONNECTIONS: i64 = 64;

#[tokio::test]
async fn who_sends_no_request_costs_a_bounded_amount_and_keeps_no_probe_out() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let address = running.http_address().unwrap();
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nx-")
            .await
            .unwrap();
        slow.push(stream);
        assert!(metric(&running, "kiln_http_connections") <= HTTP_CONNECTIONS);
    }
    for _ in 0..3 {
        assert_eq!(http(&running, "GET", "/livez").await.0, 200);
    }
    let closed = |reason: &str| {
        let series = format!("kiln_http_connections_closed_total{{reason=\"{reason}\"}}");
        metric(&running, &series)
    };
    until("their end", || {
        closed("pushed-out") >= 300 - HTTP_CONNECTIONS
    })
    .await;
    // The rest has its time, and is told so by the end of the connection.
    until("the end of the last", || {
        metric(&running, "kiln_http_connections") == 0
    })
    .await;
    assert!(closed("head-timeout") > 0);
    for mut stream in slow {
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut stream = TcpStream::connect(running.http_address().unwrap())
        .await
        .unwrap();
    let head = format!(
        "GET /livez HTTP/1.1\r\nx: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    assert!(
        read.is_err() || answer.starts_with("HTTP/1.1 431"),
        "{answer}"
    );
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_waits_does_not_hold_a_stop() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let _idle = TcpStream::connect(running.http_address().unwrap())
        .await
        .unwrap();
    until("the connection", || {
        metric(&running, "kiln_http_connections") == 1
    })
    .await;
    let stopped = tokio::time::timeout(Duration::from_secs(3), running.shutdown()).await;
    stopped.expect("no wait for the head").unwrap();
}
