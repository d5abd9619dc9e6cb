//! Who may see the console.

use std::net::IpAddr;

use super::super::document::{Document, OidcDocument};
use super::super::oidc::OidcConfig;
use super::Check;

/// What is asked for at a login by default.
const SCOPES: [&str; 2] = ["openid", "profile"];

impl Check<'_> {
    pub(super) fn oidc(&mut self, document: &Document) -> Option<OidcConfig> {
        let given = document.http.as_ref()?.oidc.as_ref()?;
        let issuer = self.site("issuer", given.issuer.as_deref());
        let external_url = self.site("externalUrl", given.external_url.as_deref());
        let [client_id, claim, value] = [
            ("clientId", &given.client_id),
            ("claim", &given.claim),
            ("value", &given.value),
        ]
        .map(|(name, text)| self.text(name, text.as_deref()));
        let client_secret = match &given.client_secret_file {
            None => None,
            Some(file) => Some(self.file("http.oidc.clientSecretFile", file)?),
        };
        Some(OidcConfig {
            issuer: issuer?,
            client_id: client_id?,
            client_secret,
            external_url: external_url?.trim_end_matches('/').to_owned(),
            scopes: self.scopes(given),
            claim: claim?,
            value: value?,
            ca: given.ca.clone(),
        })
    }

    /// A setting that must be there.
    fn text(&mut self, name: &str, given: Option<&str>) -> Option<String> {
        let given = given.filter(|text| !text.is_empty());
        if given.is_none() {
            self.report("http.oidc", format!("{name} is missing"));
        }
        given.map(str::to_owned)
    }

    /// The same, of a site that is reached within TLS or lies on this machine.
    fn site(&mut self, name: &str, given: Option<&str>) -> Option<String> {
        let given = self.text(name, given)?;
        let is_site = match given.split_once("://") {
            Some(("https", rest)) => !rest.is_empty(),
            Some(("http", rest)) => is_here(rest),
            _ => false,
        };
        if is_site && !given.contains(['?', '#', '@', ' ']) {
            return Some(given);
        }
        self.report(
            &format!("http.oidc.{name}"),
            "not of the form https://host; http is for a loopback address alone".to_owned(),
        );
        None
    }

    fn scopes(&mut self, given: &OidcDocument) -> Vec<String> {
        let scopes = given.scopes.clone();
        let scopes = scopes.unwrap_or_else(|| SCOPES.map(str::to_owned).to_vec());
        if !scopes.iter().any(|scope| scope == SCOPES[0]) {
            self.report("http.oidc.scopes", "openid must be among them".to_owned());
        }
        scopes
    }
}

/// Whether what stands behind `http://` is on this machine.
fn is_here(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}
