//! Why a peer is refused by TLS.

use std::io;

use tokio_rustls::rustls::{CertificateError, Error, InvalidMessage};

/// Why a handshake failed, or a certificate is no longer accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Fault {
    /// What came is no TLS.
    NotTls,
    /// No protocol version or cipher in common.
    Incompatible,
    /// The listener asks for a certificate, and the peer has none.
    NoCertificate,
    /// Its certificate is from none of the listener's authorities.
    UnknownAuthority,
    /// Its certificate has ended.
    Expired,
    /// Its certificate has not begun.
    NotYetValid,
    /// Its certificate is on a revocation list.
    Revoked,
    /// Its certificate is wrong otherwise.
    BadCertificate,
    /// The peer ended the handshake with an alert, as when it does not know the authority of our certificate.
    RefusedByPeer,
    /// Anything else.
    Broken,
}

impl Fault {
    /// The label's value.
    pub(in super::super) fn label(self) -> &'static str {
        match self {
            Fault::NotTls => "not-tls",
            Fault::Incompatible => "tls-incompatible",
            Fault::NoCertificate => "tls-no-certificate",
            Fault::UnknownAuthority => "tls-unknown-authority",
            Fault::Expired => "tls-expired",
            Fault::NotYetValid => "tls-not-yet-valid",
            Fault::Revoked => "tls-revoked",
            Fault::BadCertificate => "tls-bad-certificate",
            Fault::RefusedByPeer => "tls-refused-by-peer",
            Fault::Broken => "tls-broken",
        }
    }

    pub(super) fn of(error: &Error) -> Fault {
        match error {
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Fault::NotTls,
            Error::PeerIncompatible(_) => Fault::Incompatible,
            Error::NoCertificatesPresented => Fault::NoCertificate,
            Error::InvalidCertificate(certificate) => match certificate {
                CertificateError::UnknownIssuer => Fault::UnknownAuthority,
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    Fault::Expired
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    Fault::NotYetValid
                }
                CertificateError::Revoked => Fault::Revoked,
                _ => Fault::BadCertificate,
            },
            Error::AlertReceived(_) => Fault::RefusedByPeer,
            _ => Fault::Broken,
        }
    }

    /// The fault within what the stream reports; none when TLS is not to blame.
    pub(super) fn within(error: &io::Error) -> Option<Fault> {
        error.get_ref()?.downcast_ref::<Error>().map(Fault::of)
    }
}
