//! Entering with the token, and leaving.

use axum::extract::{RawForm, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::access::{Access, SESSION, session_cookie};
use super::form::Posted;
use super::refusal::Refusal;
use super::routes::Console;
use super::{flow, frame, oidc};

pub(super) const PATH: &str = "/login";
pub(super) const LEAVE: &str = "/logout";

pub(super) async fn show(State(console): State<Console>) -> Response {
    door(&console.access, StatusCode::OK)
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
        Ok(Some(session)) => with_cookie(&session_cookie(&session, ""), flow::PATH),
        Ok(None) => {
            tracing::warn!("a wrong token was shown to the console");
            door(&console.access, StatusCode::UNAUTHORIZED)
        }
        Err(refusal) => refusal.into_response(),
    }
}

#[derive(Deserialize)]
pub(super) struct Nothing {}

pub(super) async fn leave(Posted(Nothing {}): Posted<Nothing>) -> Response {
    let ended = format!("{SESSION}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    with_cookie(&ended, PATH)
}

fn with_cookie(cookie: &str, to: &str) -> Response {
    match HeaderValue::from_str(cookie) {
        Ok(cookie) => ([(header::SET_COOKIE, cookie)], Redirect::to(to)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn door(access: &Access, status: StatusCode) -> Response {
    let wrong = status == StatusCode::UNAUTHORIZED;
    let content = html! {
        h1 { "Kiln" }
        @if access.issuer().is_some() {
            p { a href=(oidc::PATH) { "Log in" } " at the issuer that " code { "http.oidc" } " of the configuration names." }
        }
        @if access.has_token() {
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
        }
    };
    (status, frame::bare("Enter", &content)).into_response()
}
