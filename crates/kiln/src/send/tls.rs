//! MLLP over TLS, as a sender speaks it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{Error as PemError, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::failure::Failure;

/// Where the certificates are.
#[derive(Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct TlsFiles {
    /// Send within TLS 1.2 or 1.3, to a receiver with a certificate from one of the authorities in this file (PEM)
    #[arg(long = "tls-ca", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Our own certificate (PEM), for a receiver that asks for one
    #[arg(
        long = "tls-cert",
        value_name = "FILE",
        requires = "ca",
        requires = "key"
    )]
    cert: Option<PathBuf>,
    /// Its private key (PEM, not encrypted)
    #[arg(long = "tls-key", value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
}

/// TLS with one receiver.
#[derive(Clone)]
pub(crate) struct Tls {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl TlsFiles {
    /// Reads the files, for the receiver at `to` (`HOST:PORT`); none without `--tls-ca`.
    pub(super) fn open(&self, to: &str) -> Result<Option<Tls>, Failure> {
        let Some(ca) = &self.ca else {
            return Ok(None);
        };
        let mut roots = RootCertStore::empty();
        for authority in certificates(ca)? {
            roots.add(authority).map_err(|error| wrong(ca, &error))?;
        }
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(Failure::stopped)?
            .with_root_certificates(roots);
        let config = match (&self.cert, &self.key) {
            (Some(cert), Some(key)) => {
                let private = PrivateKeyDer::from_pem_file(key).map_err(|error| match error {
                    PemError::NoItemsFound => wrong(key, &"no private key that is not encrypted"),
                    error => wrong(key, &error),
                })?;
                builder
                    .with_client_auth_cert(certificates(cert)?, private)
                    .map_err(|error| wrong(key, &error))?
            }
            _ => builder.with_no_client_auth(),
        };
        let host = to.rsplit_once(':').map_or(to, |(host, _)| host);
        let name =
            ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|_| {
                Failure::wrong(format!("--to {to}: no host in it that can be verified"))
            })?;
        Ok(Some(Tls {
            connector: TlsConnector::from(Arc::new(config)),
            name,
        }))
    }
}

impl Tls {
    /// Shakes hands.
    pub(super) async fn connect(&self, socket: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        self.connector.connect(self.name.clone(), socket).await
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(path, &error))?;
    if found.is_empty() {
        return Err(wrong(path, &"no certificate in it"));
    }
    Ok(found)
}

fn wrong(path: &Path, what: &dyn std::fmt::Display) -> Failure {
    Failure::wrong(format!("{}: {what}", path.display()))
}
