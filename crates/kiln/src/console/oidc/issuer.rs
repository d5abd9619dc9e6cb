//! An issuer as it describes itself (OpenID Connect Discovery 1.0), its keys, and tokens checked by them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use kiln_pipeline::config::OidcConfig;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::BACK;
use super::fetch::{Fetch, FetchError};
use super::jwks::KeySet;
use super::token::{self, By, Disbelief, Person};
use crate::failure::Failure;

/// So long what the issuer says of itself, and its keys, are taken as known.
const KNOWN_TIME: Duration = Duration::from_secs(60 * 60);
/// So long they are believed while the issuer cannot be asked.
const STALE_TIME: Duration = Duration::from_secs(12 * 60 * 60);
/// The issuer is asked again so soon at the earliest, whoever shows what token.
const ASK_INTERVAL: Duration = Duration::from_secs(10);

/// An issuer, and what it is asked by.
pub(crate) struct Issuer {
    pub(super) oidc: OidcConfig,
    fetch: Fetch,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    asked: Option<Instant>,
}

/// What the issuer says of itself.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

/// The same with its keys.
pub(super) struct Known {
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    keys: KeySet,
    at: Instant,
}

/// Why nobody is let in by the issuer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    /// It cannot be asked.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It was asked just now, to no avail.
    #[error("the issuer could not be asked a moment ago")]
    Again,
    /// It says what makes no sense.
    #[error("{url}: {what}")]
    Answer { url: String, what: &'static str },
    /// The secret cannot be read.
    #[error("http.oidc.clientSecretFile: {0}")]
    Secret(std::io::Error),
    /// The token is not believed.
    #[error("the token is not believed: {0}")]
    Token(#[from] Disbelief),
}

impl Issuer {
    pub(crate) fn new(oidc: &OidcConfig) -> Result<Issuer, Failure> {
        Ok(Issuer {
            fetch: Fetch::new(oidc.ca.as_deref()).map_err(Failure::wrong)?,
            oidc: oidc.clone(),
            state: Mutex::default(),
        })
    }

    /// Whom a token is about that a request shows.
    pub(in crate::console) async fn bearer(&self, token: &str) -> Option<Person> {
        let person = self.person(token, By::Bearer).await;
        person
            .inspect_err(|why| tracing::warn!(%why, "a bearer token was shown to the console"))
            .ok()
    }

    /// Whom a token is about, by the keys as they are known; asked for again when none of them is the token's.
    async fn person(&self, token: &str, by: By<'_>) -> Result<Person, Unknown> {
        let known = self.known(false).await?;
        match token::person(token, &known.keys, &self.oidc, by, now()) {
            Err(Disbelief::Key) => {
                let known = self.known(true).await?;
                Ok(token::person(token, &known.keys, &self.oidc, by, now())?)
            }
            found => Ok(found?),
        }
    }

    /// Whom the code of a login is for.
    pub(super) async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        nonce: &str,
    ) -> Result<Person, Unknown> {
        #[derive(Deserialize)]
        struct Answer {
            id_token: String,
        }
        let known = self.known(false).await?;
        let redirect = self.redirect();
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("client_id", &self.oidc.client_id),
            ("code_verifier", verifier),
        ];
        let url = &known.token_endpoint;
        let authorization = self.authorization().map_err(Unknown::Secret)?;
        let answer = self.fetch.post(url, &fields, authorization).await?;
        let answer: Answer = read(url, &answer, "no ID token in the answer")?;
        self.person(&answer.id_token, By::Login { nonce }).await
    }

    /// Where it sends browsers back to.
    pub(super) fn redirect(&self) -> String {
        format!("{}{BACK}", self.oidc.external_url)
    }

    /// What cookies have behind them where browsers come within TLS.
    pub(super) fn secure(&self) -> &'static str {
        if self.oidc.external_url.starts_with("https://") {
            "; Secure"
        } else {
            ""
        }
    }

    /// By what the console shows that it is itself (RFC 6749 §2.3.1); none of a public client.
    fn authorization(&self) -> std::io::Result<Option<HeaderValue>> {
        let Some(secret) = &self.oidc.client_secret else {
            return Ok(None);
        };
        let secret = secret.read()?;
        // As a form encodes it, without the name of a field.
        let encoded = |text: &str| {
            let form = serde_urlencoded::to_string([("", text)]).unwrap_or_default();
            form.trim_start_matches('=').to_owned()
        };
        let both = format!(
            "{}:{}",
            encoded(&self.oidc.client_id),
            encoded(secret.expose())
        );
        let basic = format!("Basic {}", STANDARD.encode(both));
        let mut header = HeaderValue::from_str(&basic).map_err(std::io::Error::other)?;
        header.set_sensitive(true);
        Ok(Some(header))
    }

    /// What the issuer says of itself; `anew` when what is known does not do.
    pub(super) async fn known(&self, anew: bool) -> Result<Arc<Known>, Unknown> {
        // One asks, and the others wait for what it learns.
        let mut state = self.state.lock().await;
        let fresh = state
            .known
            .clone()
            .filter(|known| !anew && known.at.elapsed() < KNOWN_TIME);
        if let Some(known) = fresh {
            return Ok(known);
        }
        let last = state
            .known
            .clone()
            .filter(|known| known.at.elapsed() < STALE_TIME);
        if state
            .asked
            .is_some_and(|asked| asked.elapsed() < ASK_INTERVAL)
        {
            return last.ok_or(Unknown::Again);
        }
        state.asked = Some(Instant::now());
        match self.ask().await {
            Ok(known) => {
                let known = Arc::new(known);
                state.known = Some(Arc::clone(&known));
                Ok(known)
            }
            Err(error) => {
                tracing::warn!(%error, "the issuer of http.oidc cannot be asked");
                last.ok_or(error)
            }
        }
    }

    async fn ask(&self) -> Result<Known, Unknown> {
        let issuer = self.oidc.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let answer = self.fetch.get(&url).await?;
        let metadata: Metadata = read(&url, &answer, "no description of an issuer")?;
        let wrong = |what| Unknown::Answer {
            url: url.clone(),
            what,
        };
        if metadata.issuer != self.oidc.issuer {
            return Err(wrong("it is of another issuer than http.oidc.issuer"));
        }
        let endpoints = [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.jwks_uri,
        ];
        if !endpoints.into_iter().all(|url| is_safe(url)) {
            return Err(wrong("an endpoint is neither https nor on this machine"));
        }
        let keys = self.fetch.get(&metadata.jwks_uri).await?;
        let keys = KeySet::read(&keys).ok_or_else(|| Unknown::Answer {
            url: metadata.jwks_uri.clone(),
            what: "no key set",
        })?;
        Ok(Known {
            authorization_endpoint: metadata.authorization_endpoint,
            token_endpoint: metadata.token_endpoint,
            keys,
            at: Instant::now(),
        })
    }
}

/// Whether an endpoint is within TLS, or on this machine.
fn is_safe(url: &str) -> bool {
    let Ok(url) = url.parse::<axum::http::Uri>() else {
        return false;
    };
    let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    match url.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => here,
        _ => false,
    }
}

fn read<T: for<'de> Deserialize<'de>>(
    url: &str,
    answer: &Bytes,
    what: &'static str,
) -> Result<T, Unknown> {
    serde_json::from_slice(answer).map_err(|_| Unknown::Answer {
        url: url.to_owned(),
        what,
    })
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}
