//! Whom an OpenID Connect issuer lets see the console, checked.

use std::path::PathBuf;

use super::secret::Given;

/// An issuer, and for whom of those that it knows the console is.
#[derive(Clone, Debug)]
pub struct OidcConfig {
    /// The issuer: `iss` of its tokens, and below which it describes itself.
    pub issuer: String,
    /// By which the issuer knows the console, and the audience of tokens.
    pub client_id: String,
    /// The client's secret; none: a public client.
    pub client_secret: Option<Given>,
    /// Where browsers reach the console, without a slash at the end.
    pub external_url: String,
    /// What is asked for at a login.
    pub scopes: Vec<String>,
    /// The claim that a token must have.
    pub claim: String,
    /// What must be the claim's value, or one of them.
    pub value: String,
    /// The authorities of the issuer's certificate; none: the system's.
    pub ca: Option<PathBuf>,
}
