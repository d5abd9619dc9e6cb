//! A person's login in a browser: the authorization code flow (OpenID Connect Core 1.0 §3.1) with PKCE (RFC 7636).

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use maud::html;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::Deserialize;

use crate::console::access;
use crate::console::frame;
use crate::console::refusal::Refusal;
use crate::console::routes::Console;

pub(in crate::console) const PATH: &str = "/login/oidc";
/// Where the issuer sends the browser back to.
pub(in crate::console) const BACK: &str = "/login/oidc/back";

/// The cookie of a login that has begun, which the issuer's answer must come with.
const LOGIN: &str = "kiln_login";
/// Longest time at the issuer, in seconds.
const LOGIN_SECONDS: u64 = 10 * 60;
/// Random bytes of state, nonce and verifier each.
const RANDOM_LENGTH: usize = 32;

/// Sends the browser to the issuer.
pub(in crate::console) async fn begin(State(console): State<Console>) -> Response {
    let Some(issuer) = console.access.issuer() else {
        return Refusal::Nobody.into_response();
    };
    let Ok(known) = issuer.known(false).await else {
        return Refusal::Issuer.into_response();
    };
    let (Some(state), Some(nonce), Some(verifier)) = (random(), random(), random()) else {
        return Refusal::Issuer.into_response();
    };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    let asked = serde_urlencoded::to_string([
        ("response_type", "code"),
        ("client_id", &issuer.oidc.client_id),
        ("redirect_uri", &issuer.redirect()),
        ("scope", &issuer.oidc.scopes.join(" ")),
        ("state", &state),
        ("nonce", &nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ])
    .unwrap_or_default();
    let endpoint = &known.authorization_endpoint;
    let joint = if endpoint.contains('?') { '&' } else { '?' };
    let login = console
        .access
        .sealed(&format!("{state}.{nonce}.{verifier}"), LOGIN_SECONDS);
    // Lax, since the answer is a navigation that another site begins.
    let cookie = format!(
        "{LOGIN}={login}; Path={PATH}; HttpOnly; SameSite=Lax; Max-Age={LOGIN_SECONDS}{}",
        issuer.secure()
    );
    with_cookies(
        [cookie],
        Redirect::to(&format!("{endpoint}{joint}{asked}")).into_response(),
    )
}

/// As the issuer answers.
#[derive(Deserialize)]
pub(in crate::console) struct Answer {
    code: Option<String>,
    #[serde(default)]
    state: String,
}

/// Lets in whom the issuer sends back.
pub(in crate::console) async fn back(
    State(console): State<Console>,
    Query(answer): Query<Answer>,
    headers: HeaderMap,
) -> Response {
    let Some(issuer) = console.access.issuer() else {
        return Refusal::Nobody.into_response();
    };
    let login = access::cookie(&headers, LOGIN).and_then(|login| console.access.unsealed(login));
    let mut parts = login.as_deref().unwrap_or_default().splitn(3, '.');
    let (Some(state), Some(nonce), Some(verifier)) = (parts.next(), parts.next(), parts.next())
    else {
        return refused("The login took too long, or was begun in another browser.");
    };
    if state != answer.state {
        return refused("The login is not the one that was begun here.");
    }
    let Some(code) = answer.code else {
        return refused("The issuer did not let you in.");
    };
    let person = match issuer.redeem(&code, verifier, nonce).await {
        Ok(person) => person,
        Err(why) => {
            tracing::warn!(%why, "a login by the issuer of http.oidc failed");
            return refused("The issuer let you in, and the console does not: its log says why.");
        }
    };
    let secure = issuer.secure();
    let Ok(session) = console.access.session_of(&person) else {
        return Refusal::Issuer.into_response();
    };
    // A page and no redirect: a strict cookie goes along only with what this site itself begins.
    let page = frame::onwards();
    with_cookies(
        [
            format!("{LOGIN}=; Path={PATH}; HttpOnly; SameSite=Lax; Max-Age=0{secure}"),
            access::session_cookie(&session, secure),
        ],
        page.into_response(),
    )
}

fn refused(why: &str) -> Response {
    let page = html! { h1 { "Not let in" } p { (why) } p { a href=(PATH) { "Try again" } } };
    (StatusCode::FORBIDDEN, frame::bare("Not let in", &page)).into_response()
}

fn with_cookies<const N: usize>(cookies: [String; N], mut response: Response) -> Response {
    for cookie in cookies {
        let Ok(cookie) = HeaderValue::from_str(&cookie) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn random() -> Option<String> {
    let mut bytes = [0; RANDOM_LENGTH];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
