//! Who may see the console.

use std::io::Read as _;
use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kiln_pipeline::config::Config;

use super::refusal::Refusal;
use super::routes::Console;
use super::session::Key;
use super::{assets, login};
use crate::failure::Failure;

/// Shortest token, and most bytes that are read of its file.
const MIN_TOKEN_BYTES: usize = 20;
const MAX_TOKEN_BYTES: u64 = 4096;
/// The cookie of a session.
pub(super) const SESSION: &str = "kiln_session";
/// What stands for the session of whoever is on this machine.
const HERE: &str = "here";

/// Who may see the console.
pub(crate) enum Access {
    /// Whoever is on this machine: the address is a loopback address.
    Here(Key),
    /// Who has the token in this file.
    Token(PathBuf),
    /// Nobody: the address is another, and there is no token.
    Nobody,
}

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Visitor {
    /// The session that forms belong to; none for a program that shows the token each time.
    session: Option<String>,
    /// What forms carry.
    pub(super) form_token: String,
    /// Whether there is a session to end.
    pub(super) may_leave: bool,
}

impl Access {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Result<Access, Failure> {
        if let Some(file) = &config.token_file {
            token(file).map_err(Failure::wrong)?;
            return Ok(Access::Token(file.clone()));
        }
        match config.http {
            Some(address) if address.ip().to_canonical().is_loopback() => {
                let key = Key::random()
                    .map_err(|_| Failure::stopped("the system gives no random numbers"))?;
                Ok(Access::Here(key))
            }
            _ => Ok(Access::Nobody),
        }
    }

    /// Whether there is anybody who may see it.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self, Access::Nobody)
    }

    /// The key as it is now.
    fn key(&self) -> Result<Key, Refusal> {
        match self {
            Access::Here(key) => Ok(key.clone()),
            Access::Token(file) => {
                let token = token(file).map_err(|_| Refusal::NoToken)?;
                Ok(Key::of_token(&token))
            }
            Access::Nobody => Err(Refusal::Nobody),
        }
    }

    /// The cookie of a session for who has the token.
    pub(super) fn enter(&self, token: &str) -> Result<Option<String>, Refusal> {
        let key = self.key()?;
        if !key.opens_with(token.trim().as_bytes()) {
            return Ok(None);
        }
        key.session(now()).map(Some).map_err(|_| Refusal::NoToken)
    }

    /// Whether a form that the visitor sends is one that we gave them.
    pub(super) fn gave(&self, visitor: &Visitor, form_token: &str) -> bool {
        match &visitor.session {
            None => true,
            Some(session) => self
                .key()
                .is_ok_and(|key| key.is_form_token(session, form_token)),
        }
    }

    fn admit(&self, headers: &HeaderMap) -> Result<Visitor, Refusal> {
        let key = self.key()?;
        let of = |session: String, may_leave| Visitor {
            form_token: key.form_token(&session),
            session: Some(session),
            may_leave,
        };
        if let Access::Here(_) = self {
            return Ok(of(HERE.to_owned(), false));
        }
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if bearer.is_some_and(|token| key.opens_with(token.trim().as_bytes())) {
            return Ok(Visitor {
                session: None,
                form_token: String::new(),
                may_leave: false,
            });
        }
        let session = cookie(headers).filter(|session| key.holds(session, now()));
        session
            .map(|session| of(session.to_owned(), true))
            .ok_or(Refusal::Stranger)
    }
}

/// Lets those in who may see the console, and nothing that another site's page sends.
pub(super) async fn guard(
    State(console): State<Console>,
    mut request: Request,
    next: Next,
) -> Response {
    let access = &console.access;
    if let Err(refusal) = origin(access, request.method(), request.headers()) {
        return refusal.into_response();
    }
    match access.admit(request.headers()) {
        Ok(visitor) => {
            request.extensions_mut().insert(visitor);
        }
        Err(Refusal::Stranger) if is_door(request.uri().path()) => {}
        Err(refusal) => return refusal.into_response(),
    }
    next.run(request).await
}

/// What a stranger may see: where to enter, and what it looks like.
fn is_door(path: &str) -> bool {
    [login::PATH, assets::STYLE, assets::ICON].contains(&path)
}

/// A name that resolves to this machine by a stranger's doing (DNS rebinding) is not asked for by `localhost`; a form of
/// another site names that site as its origin.
fn origin(access: &Access, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let host = text(headers, &HOST).ok_or(Refusal::Host)?;
    if matches!(access, Access::Here(_)) && !names_here(host) {
        return Err(Refusal::Host);
    }
    if method == Method::GET || method == Method::HEAD {
        return Ok(());
    }
    let same = match text(headers, &ORIGIN) {
        Some(origin) => {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
        }
        None => text(headers, &HeaderName::from_static("sec-fetch-site"))
            .is_none_or(|site| site == "same-origin"),
    };
    if same { Ok(()) } else { Err(Refusal::Origin) }
}

/// Whether the host of a request, with or without port, is this machine by a name that cannot be another's.
fn names_here(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => return address.parse().is_ok_and(|ip: Ipv6Addr| ip.is_loopback()),
        None => host.split_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The session that the cookies name.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == SESSION)
        .map(|(_, session)| session)
}

/// The token in its file, without the line end.
fn token(file: &Path) -> Result<Vec<u8>, String> {
    let told = |what: &dyn std::fmt::Display| format!("http.tokenFile {}: {what}", file.display());
    let mut token = Vec::new();
    std::fs::File::open(file)
        .and_then(|file| file.take(MAX_TOKEN_BYTES).read_to_end(&mut token))
        .map_err(|error| told(&error))?;
    let token = token.trim_ascii();
    if token.len() < MIN_TOKEN_BYTES {
        return Err(told(&format_args!(
            "shorter than {MIN_TOKEN_BYTES} characters; `openssl rand -hex 32` makes one"
        )));
    }
    Ok(token.to_vec())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::names_here;

    #[test]
    fn only_names_of_this_machine_are_here() {
        for host in [
            "localhost:8090",
            "LOCALHOST",
            "127.0.0.1:1",
            "127.8.0.1",
            "[::1]:8090",
        ] {
            assert!(names_here(host), "{host}");
        }
        for host in [
            "example.org",
            "127.0.0.1.example.org:8090",
            "10.0.0.1",
            "[::2]:1",
            "",
            "localhost.example",
        ] {
            assert!(!names_here(host), "{host}");
        }
    }
}
