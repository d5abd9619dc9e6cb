//! Who may see the console.

use std::io::Read as _;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use kiln_pipeline::config::Config;

use super::oidc::{Issuer, Person};
use super::refusal::Refusal;
use super::routes::Console;
use super::session::{Key, LASTS_SECONDS};
use super::{assets, login, oidc};
use crate::failure::Failure;

/// Shortest token, and most bytes that are read of its file.
const MIN_TOKEN_BYTES: usize = 20;
const MAX_TOKEN_BYTES: u64 = 4096;
/// The cookie of a session.
pub(super) const SESSION: &str = "kiln_session";
/// What is sealed of a login that has begun.
const LOGIN: &str = "login";
/// What stands for the session of whoever is on this machine.
const HERE: &str = "here";

/// Who may see the console.
pub(crate) struct Access {
    who: Who,
    /// Of this process: by it sessions are sealed that do not end with the token.
    key: Key,
}

enum Who {
    /// Whoever is on this machine: the address is a loopback address.
    Here,
    /// Who has the token in this file.
    Token(PathBuf),
    /// Whom the issuer knows, and who has the token where there is one.
    Known(Box<Issuer>, Option<PathBuf>),
    /// Nobody: the address is another, and there is neither a token nor an issuer.
    Nobody,
}

/// Who asks.
#[derive(Clone)]
pub(super) struct Visitor {
    /// The session that forms belong to, and by what it is sealed; none for a program that shows a token each time.
    session: Option<(Key, String)>,
    /// What forms carry.
    pub(super) form_token: String,
    /// Whether there is a session to end.
    pub(super) may_leave: bool,
    /// By what name they are known.
    person: Option<String>,
}

impl Visitor {
    fn of(key: &Key, session: &str, may_leave: bool, person: Option<String>) -> Visitor {
        Visitor {
            form_token: key.form_token(session),
            session: Some((key.clone(), session.to_owned())),
            may_leave,
            person,
        }
    }

    fn program(person: Option<String>) -> Visitor {
        Visitor {
            session: None,
            form_token: String::new(),
            may_leave: false,
            person,
        }
    }

    /// The name that the issuer knows them by; none of who has the token, and of who is on this machine.
    pub(super) fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Whether a form that they send is one that we gave them.
    pub(super) fn was_given(&self, form_token: &str) -> bool {
        self.session
            .as_ref()
            .is_none_or(|(key, session)| key.is_form_token(session, form_token))
    }
}

impl Access {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Result<Access, Failure> {
        if let Some(file) = &config.token_file {
            token(file).map_err(Failure::wrong)?;
        }
        let here = |address: SocketAddr| address.ip().to_canonical().is_loopback();
        let who = match (&config.oidc, &config.token_file) {
            (Some(oidc), token) => Who::Known(Box::new(Issuer::new(oidc)?), token.clone()),
            (None, Some(token)) => Who::Token(token.clone()),
            (None, None) if config.http.is_some_and(here) => Who::Here,
            (None, None) => Who::Nobody,
        };
        let key =
            Key::random().map_err(|_| Failure::stopped("the system gives no random numbers"))?;
        Ok(Access { who, key })
    }

    /// Whether there is anybody who may see it.
    pub(crate) fn is_open(&self) -> bool {
        !matches!(self.who, Who::Nobody)
    }

    /// The issuer that people are known by.
    pub(super) fn issuer(&self) -> Option<&Issuer> {
        match &self.who {
            Who::Known(issuer, _) => Some(issuer),
            _ => None,
        }
    }

    fn token_file(&self) -> Option<&Path> {
        match &self.who {
            Who::Token(file) | Who::Known(_, Some(file)) => Some(file),
            _ => None,
        }
    }

    /// Whether there is a token that opens it.
    pub(super) fn has_token(&self) -> bool {
        self.token_file().is_some()
    }

    /// The key of the token as it is now; none without one.
    fn token_key(&self) -> Result<Option<Key>, Refusal> {
        self.token_file()
            .map(|file| {
                let token = token(file).map_err(|_| Refusal::NoToken)?;
                Ok(Key::of_token(&token))
            })
            .transpose()
    }

    /// The session of who has the token.
    pub(super) fn enter(&self, token: &str) -> Result<Option<String>, Refusal> {
        let key = self.token_key()?.ok_or(Refusal::Nobody)?;
        if !key.opens_with(token.trim().as_bytes()) {
            return Ok(None);
        }
        let session = key.session(None, now());
        session.map(Some).map_err(|_| Refusal::NoToken)
    }

    /// The session of somebody whom the issuer knows.
    pub(super) fn session_of(&self, person: &Person) -> Result<String, ring::error::Unspecified> {
        self.key.session(Some(person.name()), now())
    }

    /// Some text for a browser to bring back within so many seconds, and the text that one has brought.
    pub(super) fn sealed(&self, text: &str, seconds: u64) -> String {
        self.key.letter(LOGIN, text, now() + seconds)
    }

    pub(super) fn unsealed(&self, letter: &str) -> Option<String> {
        self.key.read(LOGIN, letter, now())
    }

    async fn admit(&self, headers: &HeaderMap) -> Result<Visitor, Refusal> {
        match &self.who {
            Who::Here => return Ok(Visitor::of(&self.key, HERE, false, None)),
            Who::Nobody => return Err(Refusal::Nobody),
            Who::Token(_) | Who::Known(..) => {}
        }
        let token = match (self.token_key(), self.issuer()) {
            (Err(refusal), None) => return Err(refusal),
            // People are let in all the same.
            (token, _) => token.unwrap_or_default(),
        };
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if let Some(bearer) = bearer.map(str::trim) {
            if token
                .as_ref()
                .is_some_and(|key| key.opens_with(bearer.as_bytes()))
            {
                return Ok(Visitor::program(None));
            }
            if let Some(issuer) = self.issuer()
                && let Some(person) = issuer.bearer(bearer).await
            {
                return Ok(Visitor::program(Some(person.name().to_owned())));
            }
        }
        let session = cookie(headers, SESSION).ok_or(Refusal::Stranger)?;
        // Who has the token can seal with it, whatever name: by it nobody is known.
        if let Some(key) = token.filter(|key| key.holder(session, now()).is_some()) {
            return Ok(Visitor::of(&key, session, true, None));
        }
        let holder = self.issuer().and_then(|_| self.key.holder(session, now()));
        holder
            .map(|holder| Visitor::of(&self.key, session, true, holder.person))
            .ok_or(Refusal::Stranger)
    }
}

/// The cookie of a session; `secure` stands behind it.
pub(super) fn session_cookie(session: &str, secure: &str) -> String {
    format!(
        "{SESSION}={session}; Path=/; HttpOnly; SameSite=Strict; Max-Age={LASTS_SECONDS}{secure}"
    )
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
    match access.admit(request.headers()).await {
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
    [
        login::PATH,
        oidc::PATH,
        oidc::BACK,
        assets::STYLE,
        assets::ICON,
    ]
    .contains(&path)
}

/// A name that resolves to this machine by a stranger's doing (DNS rebinding) is not asked for by `localhost`; a form of
/// another site names that site as its origin.
fn origin(access: &Access, method: &Method, headers: &HeaderMap) -> Result<(), Refusal> {
    let host = text(headers, &HOST).ok_or(Refusal::Host)?;
    if matches!(access.who, Who::Here) && !names_here(host) {
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

/// The cookie of that name.
pub(super) fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(COOKIE).iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
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
