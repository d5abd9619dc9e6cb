//! Who a peer is by its certificate.

use std::net::IpAddr;

use sha2::{Digest as _, Sha256};
use tokio_rustls::rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use crate::config::CertificateName;

/// Longest subject in the log.
const MAX_SUBJECT_CHARS: usize = 200;

/// A certificate by its bytes: SHA-256.
pub(in super::super) type Fingerprint = [u8; 32];

/// A certificate that was accepted, and what it calls its holder.
#[derive(Clone, Debug)]
pub(in super::super) struct Identity {
    pub(in super::super) fingerprint: Fingerprint,
    /// For the log.
    pub(in super::super) subject: String,
    attributes: Vec<(String, String)>,
    alternative: Vec<CertificateName>,
}

impl Identity {
    /// Of a certificate. One whose names cannot be read has none.
    pub(in super::super) fn of(certificate: &CertificateDer<'_>) -> Identity {
        let mut identity = Identity {
            fingerprint: Sha256::digest(certificate).into(),
            subject: String::new(),
            attributes: Vec::new(),
            alternative: Vec::new(),
        };
        let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
            return identity;
        };
        let subject = certificate.subject().to_string();
        let plain = subject.chars().filter(|c| !c.is_control());
        identity.subject = plain.take(MAX_SUBJECT_CHARS).collect();
        identity.attributes = attributes(certificate.subject());
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            let names = names.value.general_names.iter();
            identity.alternative = names.filter_map(alternative).collect();
        }
        identity
    }

    /// Whether the certificate has this name.
    pub(in super::super) fn is(&self, name: &CertificateName) -> bool {
        match name {
            CertificateName::Subject(wanted) => {
                wanted.iter().all(|pair| self.attributes.contains(pair))
            }
            CertificateName::Dns(wanted) => self.alternative.iter().any(|name| {
                matches!(name, CertificateName::Dns(name) if name.eq_ignore_ascii_case(wanted))
            }),
            name => self.alternative.contains(name),
        }
    }
}

fn attributes(name: &X509Name<'_>) -> Vec<(String, String)> {
    name.iter_attributes()
        .filter_map(|attribute| {
            let name = oid2abbrev(attribute.attr_type(), oid_registry()).ok()?;
            Some((name.to_owned(), attribute.as_str().ok()?.to_owned()))
        })
        .collect()
}

fn alternative(name: &GeneralName<'_>) -> Option<CertificateName> {
    match name {
        GeneralName::DNSName(name) => Some(CertificateName::Dns((*name).to_owned())),
        GeneralName::URI(name) => Some(CertificateName::Uri((*name).to_owned())),
        GeneralName::RFC822Name(name) => Some(CertificateName::Email((*name).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(CertificateName::Ip)
        }
        _ => None,
    }
}
