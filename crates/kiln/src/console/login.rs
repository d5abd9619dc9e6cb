//! Entering with the token, and leaving.

use axum::extract::{RawForm, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::access::SESSION;
use super::form::Posted;
use super::frame;
use super::refusal::Refusal;
use super::routes::Console;
use super::session::LASTS_SECONDS;

pub(super) const PATH: &str = "/login";
pub(super) const LEAVE: &str = "/logout";

pub(super) async fn show() -> impl IntoResponse {
    door(StatusCode::OK)
}

#[derive(Deserialize)]
struct Entering {
    token: String,
}

/// Nobody has a session yet, so that the form carries none; who sends it from elsewhere only lets themselves in.
pub(super) async fn enter(State(console): State<Console>, RawForm(form): RawForm) -> Response {
    let Ok(Entering { token }) = serde_urlencoded::from_bytes(&form) else {
        return Refusal::Body.into_response();
    };
    match console.access.enter(&token) {
        Ok(Some(session)) => with_cookie(&session, LASTS_SECONDS, "/"),
        Ok(None) => {
            tracing::warn!("a wrong token was shown to the console");
            door(StatusCode::UNAUTHORIZED).into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn leave(Posted(Nothing {}): Posted<Nothing>) -> Response {
    with_cookie("", 0, PATH)
}

fn with_cookie(session: &str, seconds: u64, to: &str) -> Response {
    let cookie =
        format!("{SESSION}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}");
    match HeaderValue::from_str(&cookie) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn door(status: StatusCode) -> impl IntoResponse {
    let wrong = status == StatusCode::UNAUTHORIZED;
    let content = html! {
        h1 { "Kiln" }
        form method="post" action=(PATH) {
            label for="token" { "Token" }
            input #token name="token" type="password" autocomplete="current-password" required autofocus
                aria-describedby="about" aria-invalid=[wrong.then_some("true")];
            p #about {
                @if wrong { strong { "That is not the token. " } }
                "The line in the file that " code { "http.tokenFile" } " of the configuration names."
            }
            button { "Enter" }
        }
    };
    (status, frame::bare("Enter", &content))
}
