//! Serving within bounds: so many connections, one request each, and a time for each part of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::metrics::{Closed, HttpMetrics};
use super::routes::{Health, of_process, router};
use super::waiting::{Entry, Waiting};
use crate::metrics::Metrics;

/// Most connections at once. A further one takes the place of the one whose request is longest in coming.
const HTTP_CONNECTIONS: usize = 64;
/// Longest time for a request's line and headers.
const HTTP_HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Most bytes of a request's line and headers.
const HTTP_HEAD_BYTES: usize = 16 * 1024;
/// Longest time to make an answer and have it taken, beyond what `POST /drain` waits.
const HTTP_ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// After accepting failed, wait before the next try.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Serves pages, `/livez` and `/metrics` of a process that is no instance of a pipeline, within the same bounds.
///
/// # Errors
/// Only when a metric cannot be registered.
pub async fn serve_pages(
    socket: TcpListener,
    pages: Router,
    stop: CancellationToken,
) -> Result<(), prometheus::Error> {
    let metrics = Metrics::default();
    metrics.process()?;
    let of_http = HttpMetrics::new(&metrics)?;
    let pages = pages.merge(of_process(metrics));
    within(HTTP_ANSWER_TIMEOUT, socket, pages, of_http, stop).await;
    Ok(())
}

/// Serves an instance of a pipeline until `stop`; requests that have come are answered first.
pub(crate) async fn serve(
    socket: TcpListener,
    health: Health,
    pages: Router,
    metrics: HttpMetrics,
    stop: CancellationToken,
) {
    let answer = health.drain_within + HTTP_ANSWER_TIMEOUT;
    within(answer, socket, router(health).merge(pages), metrics, stop).await;
}

async fn within(
    answer: Duration,
    socket: TcpListener,
    router: Router,
    metrics: HttpMetrics,
    stop: CancellationToken,
) {
    let within = HTTP_HEAD_TIMEOUT + answer;
    let waiting = Arc::<Waiting>::default();
    let mut open = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => continue,
            accepted = socket.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection for health and metrics failed");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
                continue;
            }
        };
        if open.len() >= HTTP_CONNECTIONS {
            if !waiting.push_out() {
                metrics.closed(Closed::TooMany);
                continue;
            }
            open.join_next().await;
        }
        let (entry, router, metrics) = (waiting.enter(), router.clone(), metrics.clone());
        let stop = stop.clone();
        open.spawn(async move {
            metrics.connections.inc();
            let (leave, answering) = (entry.leave(), answer_one(stream, router, entry));
            let closed = tokio::select! {
                () = leave.cancelled() => Closed::PushedOut,
                answered = tokio::time::timeout(within, answering) => {
                    answered.unwrap_or(Closed::AnswerTimeout)
                }
            };
            metrics.connections.dec();
            metrics.closed(if stop.is_cancelled() && closed == Closed::PushedOut {
                Closed::Stopped
            } else {
                closed
            });
        });
    }
    while waiting.push_out() {}
    while open.join_next().await.is_some() {}
}

/// Answers the one request of a connection.
async fn answer_one(stream: TcpStream, router: Router, entry: Entry) -> Closed {
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request| {
        entry.came();
        router.call(request)
    });
    let answered = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HTTP_HEAD_TIMEOUT)
        .max_buf_size(HTTP_HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    match answered {
        Ok(()) => Closed::Answered,
        Err(error) if error.is_timeout() => Closed::HeadTimeout,
        Err(_) => Closed::Broken,
    }
}
