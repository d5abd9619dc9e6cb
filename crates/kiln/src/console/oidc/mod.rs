//! People known by an OpenID Connect issuer: in a browser by the authorization code flow with PKCE, of programs and of proxies
//! by the bearer token of each request.
//!
//! ```text
//! /login/oidc ──▶ issuer: code_challenge, state, nonce ──▶ /login/oidc/back: code, state
//!                                                             │ code, code_verifier ──▶ token endpoint
//!                                                             ▼
//!                  ID token: signature, issuer, audience, times, nonce, claim ──▶ a session of that person
//! ```
//! A token is believed only after all of that. Signatures are RS256 or ES256 by a key that the issuer publishes, and nothing else:
//! a token does not choose how it is checked (RFC 8725 §3.1).

mod fetch;
mod flow;
mod issuer;
mod jwks;
mod token;

pub(super) use flow::{BACK, PATH, back, begin};
pub(super) use issuer::Issuer;
pub(super) use token::Person;
