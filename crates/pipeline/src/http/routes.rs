//! What is answered to each path.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::listen::Connections;
use crate::mapping::Mapping;
use crate::metrics::Metrics;
use crate::store::Store;
use crate::topics::Standing;

/// Longest wait for the store's answer to `/readyz`.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What the answers are made from.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) store: Arc<dyn Store>,
    /// Those of the listeners; none: no `listen` role.
    pub(crate) connections: Option<Arc<Connections>>,
    /// Longest wait of `POST /drain`.
    pub(crate) drain_within: Duration,
    /// Whether transform has partitions of the interactive lane; none: no `transform` role.
    pub(crate) transforming: Option<Arc<AtomicBool>>,
    pub(crate) mapping: Mapping,
    /// Whether the topics are as asked; none: there are no topics.
    pub(crate) topics: Option<Standing>,
    pub(crate) metrics: Metrics,
}

/// The paths.
pub(super) fn router(health: Health) -> Router {
    let process = of_process(health.metrics.clone());
    Router::new()
        .route("/readyz", get(ready))
        .route("/drain", post(drain))
        .route("/shed", post(shed))
        .with_state(health)
        .merge(process)
}

/// Those of any process.
pub(super) fn of_process(metrics: Metrics) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/metrics", get(measured))
        .with_state(metrics)
}

/// Ready only when this process can do its job; else the reasons.
async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let mut reasons = Vec::new();
    if health
        .connections
        .is_some_and(|connections| connections.draining().is_cancelled())
    {
        reasons.push("the listeners drain".to_owned());
    }
    match tokio::time::timeout(PROBE_TIMEOUT, health.store.probe()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => reasons.push(error.to_string()),
        Err(_) => reasons.push("the store does not answer".to_owned()),
    }
    if health
        .transforming
        .is_some_and(|transforming| !transforming.load(Ordering::Relaxed))
    {
        reasons.push("transform has no partitions to read".to_owned());
    }
    let status = if reasons.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let maps = health.mapping.in_force();
    // Topics that are not as asked take nothing away from what this process does.
    let drifted = health.topics.and_then(|topics| topics.drifted());
    let drifted = drifted.map(|drifted| drifted.iter().map(ToString::to_string).collect());
    let topics = drifted.map(|drifted: Vec<String>| serde_json::json!({ "drifted": drifted }));
    let body = serde_json::json!({
        "ready": reasons.is_empty(),
        "reasons": reasons,
        "mapping": { "version": maps.mapper.version(), "rejected": maps.rejected.as_deref() },
        "topics": topics,
    })
    .to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}

/// Stops accepting and asks every connection to leave between messages; answers once all have left, or with 503 when
/// some have not within `limits.shutdownSeconds`.
async fn drain(State(health): State<Health>) -> impl IntoResponse {
    let Some(connections) = health.connections else {
        return (StatusCode::OK, open(0));
    };
    connections.drain();
    let left = tokio::time::timeout(health.drain_within, connections.all_left()).await;
    let status = match left {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    (status, open(connections.open()))
}

fn open(count: usize) -> String {
    serde_json::json!({ "open": count }).to_string()
}

#[derive(Deserialize)]
struct Shed {
    connections: usize,
}

/// Asks so many connections to leave between messages; answers with how many were asked, without waiting for them.
async fn shed(State(health): State<Health>, Query(shed): Query<Shed>) -> impl IntoResponse {
    let asked = health
        .connections
        .map_or(0, |connections| connections.shed(shed.connections));
    serde_json::json!({ "asked": asked }).to_string()
}

async fn measured(State(metrics): State<Metrics>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)],
        metrics.text(),
    )
}
