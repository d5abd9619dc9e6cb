//! What the issuer is asked, over HTTPS: bounded in time and size, and never led elsewhere.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Longest wait for an answer of the issuer, all of it.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Asks the issuer.
pub(super) struct Fetch(Client<HttpsConnector<HttpConnector>, Full<Bytes>>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("{url} did not answer within {} s", FETCH_TIMEOUT.as_secs())]
    Timeout { url: String },
    #[error("{url}: {detail}")]
    Failed { url: String, detail: String },
    #[error("{url} answered {status}")]
    Status { url: String, status: u16 },
}

impl Fetch {
    /// Trusting the authorities in a file, or the system's.
    pub(super) fn new(ca: Option<&Path>) -> Result<Fetch, String> {
        let mut roots = RootCertStore::empty();
        if let Some(ca) = ca {
            let told =
                |what: &dyn std::fmt::Display| format!("http.oidc.ca {}: {what}", ca.display());
            let found = CertificateDer::pem_file_iter(ca).map_err(|error| told(&error))?;
            for authority in found {
                let authority = authority.map_err(|error| told(&error))?;
                roots.add(authority).map_err(|error| told(&error))?;
            }
            if roots.is_empty() {
                return Err(told(&"no certificate in it"));
            }
        } else {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
        }
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Whether it may be in the clear was decided with the configuration: on this machine only.
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        Ok(Fetch(
            Client::builder(TokioExecutor::new()).build(connector),
        ))
    }

    /// What is at a place.
    pub(super) async fn get(&self, url: &str) -> Result<Bytes, FetchError> {
        let request = axum::http::Request::get(url).body(Full::default());
        self.ask(url, request).await
    }

    /// The answer to a form.
    pub(super) async fn post(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        authorization: Option<HeaderValue>,
    ) -> Result<Bytes, FetchError> {
        let form = serde_urlencoded::to_string(fields).map_err(|error| failed(url, &error))?;
        let mut request = axum::http::Request::post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        self.ask(url, request.body(Full::from(form))).await
    }

    async fn ask(
        &self,
        url: &str,
        request: axum::http::Result<axum::http::Request<Full<Bytes>>>,
    ) -> Result<Bytes, FetchError> {
        let request = request.map_err(|error| failed(url, &error))?;
        let asking = async {
            let answer = self.0.request(request).await;
            let answer = answer.map_err(|error| failed(url, &told(&error)))?;
            let status = answer.status();
            if !status.is_success() {
                return Err(FetchError::Status {
                    url: url.to_owned(),
                    status: status.as_u16(),
                });
            }
            let body = Limited::new(answer.into_body(), MAX_ANSWER_BYTES).collect();
            let body = body.await.map_err(|error| failed(url, error.as_ref()))?;
            Ok(body.to_bytes())
        };
        tokio::time::timeout(FETCH_TIMEOUT, asking)
            .await
            .map_err(|_| FetchError::Timeout {
                url: url.to_owned(),
            })?
    }
}

fn failed(url: &str, detail: &(impl std::fmt::Display + ?Sized)) -> FetchError {
    FetchError::Failed {
        url: url.to_owned(),
        detail: detail.to_string(),
    }
}

/// The last cause says what is wrong; those above it only where.
fn told(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}
