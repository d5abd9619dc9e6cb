//! What is in force of a listener's TLS.

use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, CertificateRevocationListDer, UnixTime};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use super::fault::Fault;

/// What new handshakes use, and what open connections are held to.
pub(super) struct InForce {
    pub(super) server: Arc<ServerConfig>,
    /// None without mutual TLS.
    pub(super) verifier: Option<Arc<dyn ClientCertVerifier>>,
    /// When this listener's certificate ends.
    pub(super) certificate: Expiry,
    /// When the first of the revocation lists is to be renewed, if one says so.
    pub(super) lists: Option<Expiry>,
}

impl InForce {
    /// Whether a peer's certificates are accepted, as in a handshake.
    pub(super) fn accepts(&self, chain: &[CertificateDer<'static>]) -> Result<(), Fault> {
        let Some(verifier) = &self.verifier else {
            return Ok(());
        };
        let Some((certificate, intermediates)) = chain.split_first() else {
            return Err(Fault::NoCertificate);
        };
        verifier
            .verify_client_cert(certificate, intermediates, UnixTime::now())
            .map(|_| ())
            .map_err(|error| Fault::of(&error))
    }
}

/// A time at which something ends, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Expiry(pub(super) i64);

impl Expiry {
    /// The earliest of a chain.
    pub(super) fn of_certificate(chain: &[CertificateDer<'_>]) -> Result<Expiry, String> {
        let mut earliest = i64::MAX;
        for certificate in chain {
            let (_, certificate) =
                X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
            earliest = earliest.min(certificate.validity().not_after.timestamp());
        }
        Ok(Expiry(earliest))
    }

    /// When a revocation list is to be renewed, if it says so.
    pub(super) fn of_list(
        list: &CertificateRevocationListDer<'_>,
    ) -> Result<Option<Expiry>, String> {
        let (_, list) =
            CertificateRevocationList::from_der(list).map_err(|error| error.to_string())?;
        Ok(list.next_update().map(|time| Expiry(time.timestamp())))
    }
}
