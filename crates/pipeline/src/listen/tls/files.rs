//! The files of a listener's TLS, as read, and what rustls makes of them.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer,
};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::server::{
    NoServerSessionStorage, VerifierBuilderError, WebPkiClientVerifier,
};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{Error, RootCertStore, ServerConfig};

use super::error::TlsError;
use super::force::{Expiry, InForce};
use crate::config::ListenerTls;

/// Longest file; revocation lists of large authorities have some megabytes.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Who checks the peers' certificates; none without mutual TLS.
type Verifier = Option<Arc<dyn ClientCertVerifier>>;

/// The files as read. Holds the key: never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
    clients: Option<Clients>,
}

#[derive(Clone, PartialEq, Eq)]
struct Clients {
    ca: Vec<u8>,
    crl: Vec<Vec<u8>>,
}

impl Files {
    pub(super) fn read(paths: &ListenerTls) -> Result<Files, TlsError> {
        let clients = match &paths.clients {
            None => None,
            Some(clients) => Some(Clients {
                ca: read(&clients.ca)?,
                crl: clients
                    .crl
                    .iter()
                    .map(|path| read(path))
                    .collect::<Result<_, _>>()?,
            }),
        };
        Ok(Files {
            cert: read(&paths.cert)?,
            key: read(&paths.key)?,
            clients,
        })
    }

    /// What is in force with these files; none of it unless all of it is right.
    pub(super) fn load(&self, paths: &ListenerTls) -> Result<InForce, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let chain: Vec<CertificateDer<'static>> = all(&self.cert, &paths.cert, "certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsError::Nothing {
                path: paths.key.clone(),
                what: "private key that is not encrypted",
            },
            error => wrong(&paths.key, "not a private key in PEM", &error),
        })?;
        let certificate = Expiry::of_certificate(&chain)
            .map_err(|detail| wrong(&paths.cert, "not a certificate", &detail))?;
        let (verifier, lists) = self.verifier(paths, &provider)?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| wrong(&paths.cert, "TLS", &error))?;
        let builder = match &verifier {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        };
        let mut server = builder
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                Error::InconsistentKeys(_) => TlsError::OtherKey {
                    cert: paths.cert.clone(),
                    key: paths.key.clone(),
                },
                error => wrong(&paths.key, "cannot be used", &error),
            })?;
        // A resumed session is not checked again: it would outlive its certificate. Connections of senders are long, and
        // have nothing to gain.
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(InForce {
            server: Arc::new(server),
            verifier,
            certificate,
            lists,
        })
    }

    fn verifier(
        &self,
        paths: &ListenerTls,
        provider: &Arc<CryptoProvider>,
    ) -> Result<(Verifier, Option<Expiry>), TlsError> {
        let (Some(files), Some(paths)) = (&self.clients, &paths.clients) else {
            return Ok((None, None));
        };
        let mut roots = RootCertStore::empty();
        for authority in all::<CertificateDer<'static>>(&files.ca, &paths.ca, "certificate")? {
            roots
                .add(authority)
                .map_err(|error| wrong(&paths.ca, "not an authority", &error))?;
        }
        let mut lists = Vec::new();
        let mut expiry: Option<Expiry> = None;
        for (file, path) in files.crl.iter().zip(&paths.crl) {
            let of_file: Vec<CertificateRevocationListDer<'static>> =
                all(file, path, "revocation list")?;
            for list in &of_file {
                let next = Expiry::of_list(list)
                    .map_err(|detail| wrong(path, "not a revocation list", &detail))?;
                expiry = expiry.into_iter().chain(next).min();
            }
            lists.extend(of_file);
        }
        // Of an authority without a list nothing is known to be revoked. A list past its next update is better than none.
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .with_crls(lists)
                .allow_unknown_revocation_status()
                .build()
                .map_err(|error| match error {
                    VerifierBuilderError::InvalidCrl(error) => {
                        let path = paths.crl.first().unwrap_or(&paths.ca);
                        wrong(
                            path,
                            "a revocation list cannot be used",
                            &Error::InvalidCertRevocationList(error),
                        )
                    }
                    error => wrong(&paths.ca, "not authorities", &error),
                })?;
        Ok((Some(verifier), expiry))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |source| TlsError::Read {
        path: path.to_owned(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TlsError::TooLarge {
            path: path.to_owned(),
            limit: MAX_FILE_BYTES,
        });
    }
    Ok(bytes)
}

/// Everything of a kind in a file; at least one.
fn all<T: PemObject>(text: &[u8], path: &Path, what: &'static str) -> Result<Vec<T>, TlsError> {
    let found: Vec<T> = T::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| wrong(path, "not PEM", &error))?;
    if found.is_empty() {
        return Err(TlsError::Nothing {
            path: path.to_owned(),
            what,
        });
    }
    Ok(found)
}

fn wrong(path: &Path, what: &'static str, detail: &dyn std::fmt::Display) -> TlsError {
    TlsError::Wrong {
        path: path.to_owned(),
        what,
        detail: detail.to_string(),
    }
}
