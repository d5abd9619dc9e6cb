//! Which page is where, and what holds for all of them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use kiln_pipeline::Workings;
use tokio::sync::Semaphore;

use super::access::{self, Access};
use super::{assets, dead, flow, login, messages, oidc, playground};

/// Most bytes of a form.
const MAX_FORM_BYTES: usize = 4 * 1024 * 1024;
/// Most pages that are shown what flows as it changes; a further one is as it was when it came.
const MAX_SUBSCRIBERS: usize = 16;
/// Most readings of what is kept at once; a further one is told to try again.
const MAX_SCANS: usize = 2;
/// Most conversions at once; a further one is told to try again.
const MAX_CONVERSIONS: usize = 2;

/// What holds of every answer: nothing from elsewhere, nothing within elsewhere, nothing kept.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// What all pages are made from.
#[derive(Clone)]
pub(super) struct Console {
    pub(super) access: Arc<Access>,
    pub(super) workings: Workings,
    pub(super) conversions: Arc<Semaphore>,
    pub(super) scans: Arc<Semaphore>,
    pub(super) subscribers: Arc<Semaphore>,
    pub(super) flow: flow::Watched,
}

/// The pages.
pub(crate) fn routes(access: Access, workings: Workings) -> Router {
    let console = Console {
        access: Arc::new(access),
        flow: flow::watch(&workings),
        scans: Arc::new(Semaphore::new(MAX_SCANS)),
        subscribers: Arc::new(Semaphore::new(MAX_SUBSCRIBERS)),
        workings,
        conversions: Arc::new(Semaphore::new(MAX_CONVERSIONS)),
    };
    Router::new()
        .route(flow::PATH, get(flow::show))
        .route(flow::STREAM, get(flow::stream))
        .route(dead::PATH, get(dead::show))
        .route(dead::LETTERS, get(dead::letters).post(dead::disclose))
        .route(dead::DECIDE, post(dead::decide))
        .route(messages::PATH, get(messages::show))
        .route(
            messages::MESSAGE,
            get(messages::message).post(messages::disclose),
        )
        .route(messages::REPLAY, post(messages::replay))
        .route(
            playground::PATH,
            get(playground::show).post(playground::convert),
        )
        .route(login::PATH, get(login::show).post(login::enter))
        .route(login::LEAVE, post(login::leave))
        .route(oidc::PATH, get(oidc::begin))
        .route(oidc::BACK, get(oidc::back))
        .route(assets::STYLE, get(assets::style))
        .route(assets::SCRIPT, get(assets::script))
        .route(assets::ICON, get(assets::icon))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(middleware::from_fn_with_state(
            console.clone(),
            access::guard,
        ))
        .layer(middleware::from_fn(with_headers))
        .with_state(console)
}

async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().extend(HEADERS);
    response
}
