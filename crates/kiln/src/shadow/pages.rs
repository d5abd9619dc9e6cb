//! What a shadow answers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

use super::counts::{Shared, read};

#[derive(Clone)]
struct Told {
    counts: Shared,
    version: Arc<str>,
}

/// `/readyz`, in the form that instances of a pipeline have, and `/differences`.
pub(super) fn routes(counts: Shared, version: &str) -> Router {
    Router::new()
        .route("/readyz", get(ready))
        .route("/differences", get(differences))
        .with_state(Told {
            counts,
            version: version.into(),
        })
}

/// Ready once the log is read.
async fn ready(State(told): State<Told>) -> impl IntoResponse {
    let reading = read(&told.counts).reading;
    let status = if reading {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let body = json!({
        "ready": reading,
        "mapping": {"version": &*told.version, "rejected": null},
    });
    (status, JSON, body.to_string())
}

async fn differences(State(told): State<Told>) -> impl IntoResponse {
    let mut body = json!(read(&told.counts));
    body["mapping"] = json!(&*told.version);
    (JSON, body.to_string())
}

const JSON: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "application/json")];
