//! `/livez`, `/readyz` and `/metrics` on one address.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// Longest wait for the store's answer to `/readyz`.
const PROBE_TIMEOUT: Duration = Duration::from_secs(3);

/// What the answers are made from.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) store: Arc<dyn Store>,
    /// Set once every listener is bound; none: no `listen` role.
    pub(crate) listening: Option<Arc<AtomicBool>>,
    /// Whether transform has partitions; none: no `transform` role.
    pub(crate) transforming: Option<Arc<AtomicBool>>,
    pub(crate) registry: Registry,
}

/// Serves until `stop`.
pub(crate) async fn serve(socket: TcpListener, health: Health, stop: CancellationToken) {
    let router = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(health);
    let served = axum::serve(socket, router)
        .with_graceful_shutdown(stop.cancelled_owned())
        .await;
    if let Err(error) = served {
        tracing::error!(%error, "health and metrics are no longer served");
    }
}

/// Ready only when this process can do its job; else the reasons.
async fn ready(State(health): State<Health>) -> impl IntoResponse {
    let mut reasons = Vec::new();
    if health
        .listening
        .is_some_and(|listening| !listening.load(Ordering::Relaxed))
    {
        reasons.push("the listeners do not accept".to_owned());
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
    let body = serde_json::json!({ "ready": reasons.is_empty(), "reasons": reasons }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body)
}

async fn metrics(State(health): State<Health>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)],
        text(&health.registry),
    )
}

/// What `/metrics` says.
pub(crate) fn text(registry: &Registry) -> String {
    TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap_or_default()
}
