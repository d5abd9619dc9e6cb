//! A signed token (RFC 7515, RFC 7519), and whom it is about.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kiln_pipeline::config::OidcConfig;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::jwks::{Algorithm, KeySet};

/// How much the clocks of issuer and console may differ, in seconds.
const CLOCKS_SECONDS: f64 = 60.0;
/// Longest name of a person in characters.
const MAX_PERSON_CHARS: usize = 200;

/// Somebody whom the issuer knows and who may see the console: by name, where it tells one, and subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person(String);

impl Person {
    /// As the audit stream has them.
    pub(in crate::console) fn name(&self) -> &str {
        &self.0
    }
}

/// Why a token is not believed. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Disbelief {
    #[error("it is no signed token")]
    Form,
    #[error("it is signed by another algorithm than RS256 and ES256")]
    Algorithm,
    #[error("the issuer publishes no such key")]
    Key,
    #[error("its signature is wrong")]
    Signature,
    #[error("it is from another issuer")]
    Issuer,
    #[error("it is for another audience")]
    Audience,
    #[error("it has expired, or is not valid yet")]
    Time,
    #[error("it was not asked for here")]
    Nonce,
    #[error("it lacks the claim that http.oidc asks for")]
    Claim,
}

#[derive(Deserialize)]
struct Header {
    alg: Value,
    kid: Option<String>,
    /// What must be understood: nothing is (RFC 7515 §4.1.11).
    crit: Option<Value>,
}

/// Of what a token says that which is looked at. What is of another type than RFC 7519 has it makes the token none.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    azp: Option<String>,
    nonce: Option<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// What a token comes by.
#[derive(Clone, Copy)]
pub(super) enum By<'a> {
    /// A request shows it.
    Bearer,
    /// The issuer's answer to a login that was begun with this nonce.
    Login { nonce: &'a str },
}

/// Whom a token is about, at that time in seconds since 1970.
pub(super) fn person(
    token: &str,
    keys: &KeySet,
    oidc: &OidcConfig,
    by: By<'_>,
    now: f64,
) -> Result<Person, Disbelief> {
    let claims = signed(token, keys)?;
    if claims.iss != oidc.issuer {
        return Err(Disbelief::Issuer);
    }
    let is_for_us = match &claims.aud {
        Audience::One(one) => *one == oidc.client_id,
        Audience::Many(many) => many.contains(&oidc.client_id),
    };
    if !is_for_us {
        return Err(Disbelief::Audience);
    }
    let begun = claims.nbf.is_none_or(|begin| begin <= now + CLOCKS_SECONDS);
    if !begun || claims.exp <= now - CLOCKS_SECONDS {
        return Err(Disbelief::Time);
    }
    if let By::Login { nonce } = by {
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(Disbelief::Nonce);
        }
        // OpenID Connect Core 1.0 §3.1.3.7.
        if claims
            .azp
            .as_ref()
            .is_some_and(|party| *party != oidc.client_id)
        {
            return Err(Disbelief::Audience);
        }
    }
    let may = match claims.others.get(&oidc.claim) {
        Some(Value::String(one)) => *one == oidc.value,
        Some(Value::Array(many)) => many.iter().any(|one| one.as_str() == Some(&oidc.value)),
        _ => false,
    };
    if !may {
        return Err(Disbelief::Claim);
    }
    let name = claims
        .others
        .get("preferred_username")
        .and_then(Value::as_str);
    let person = name.map_or_else(
        || claims.sub.clone(),
        |name| format!("{name} ({})", claims.sub),
    );
    let shown = person.chars().filter(|c| !c.is_control());
    Ok(Person(shown.take(MAX_PERSON_CHARS).collect()))
}

/// What a token says, once a key of the set is known to have signed it.
fn signed(token: &str, keys: &KeySet) -> Result<Claims, Disbelief> {
    let (message, signature) = token.rsplit_once('.').ok_or(Disbelief::Form)?;
    let (header, claims) = message.split_once('.').ok_or(Disbelief::Form)?;
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| Disbelief::Form);
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| Disbelief::Form)?;
    if header.crit.is_some() {
        return Err(Disbelief::Form);
    }
    let algorithm: Algorithm =
        serde_json::from_value(header.alg).map_err(|_| Disbelief::Algorithm)?;
    let signature = decoded(signature)?;
    let name = header.kid.as_deref();
    match keys.has_signed(algorithm, name, message.as_bytes(), &signature) {
        None => Err(Disbelief::Key),
        Some(false) => Err(Disbelief::Signature),
        Some(true) => serde_json::from_slice(&decoded(claims)?).map_err(|_| Disbelief::Form),
    }
}
