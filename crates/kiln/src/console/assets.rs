//! The files beside the pages, within the program.

use axum::http::header;
use axum::response::IntoResponse;

pub(super) const STYLE: &str = "/console.css";
pub(super) const SCRIPT: &str = "/console.js";
pub(super) const ICON: &str = "/console.svg";

pub(super) async fn style() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("console.css"))
}

pub(super) async fn script() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("console.js"))
}

pub(super) async fn icon() -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "image/svg+xml")];
    (kind, include_str!("console.svg"))
}
