//! Who may send: networks and names of certificates.

use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// Who may send. An empty list allows all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Networks, one of which the peer's address is in.
    pub networks: Vec<IpNet>,
    /// Names, one of which the peer's certificate has.
    pub certificates: Vec<CertificateName>,
}

impl Admission {
    /// Whether a peer at `address` is within the networks.
    pub fn allows_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|net| net.contains(&address))
    }
}

/// A feed that is declared: only who is allowed sends it, and whatever they send belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedConfig {
    /// Its name.
    pub name: String,
    /// Who sends it.
    pub allowed: Admission,
    /// Whether its messages are numbered (MSH-13).
    pub sequence_numbers: bool,
}

/// A name that a certificate may have: in its subject or among its alternative names (RFC 5280 §4.1.2.6, §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CertificateName {
    /// `CN=lab,O=North`: attributes that the subject has, whatever else is in it, in any order.
    Subject(Vec<(String, String)>),
    /// `DNS:lab.example.org`
    Dns(String),
    /// `URI:spiffe://example.org/lab`
    Uri(String),
    /// `email:lab@example.org`
    Email(String),
    /// `IP:192.0.2.7`
    Ip(IpAddr),
}

/// The text is no name of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a name in a certificate; valid are CN=lab,O=North (of {}), DNS:lab.example.org, URI:spiffe://example.org/lab, email:lab@example.org, IP:192.0.2.7",
    SUBJECT_ATTRIBUTES.join(", ")
)]
pub struct NoCertificateName;

/// The attributes of a subject that can be named (RFC 4514 §3).
pub const SUBJECT_ATTRIBUTES: [&str; 7] = ["CN", "O", "OU", "L", "ST", "C", "DC"];

impl FromStr for CertificateName {
    type Err = NoCertificateName;

    fn from_str(text: &str) -> Result<CertificateName, NoCertificateName> {
        let alternative = text.split_once(':').filter(|(_, name)| !name.is_empty());
        match alternative {
            Some(("DNS", name)) => Ok(CertificateName::Dns(name.to_owned())),
            Some(("URI", name)) => Ok(CertificateName::Uri(name.to_owned())),
            Some(("email", name)) => Ok(CertificateName::Email(name.to_owned())),
            Some(("IP", name)) => name
                .parse()
                .map(CertificateName::Ip)
                .map_err(|_| NoCertificateName),
            _ => subject(text).map(CertificateName::Subject),
        }
    }
}

/// `CN=lab,O=North`, where `\,` is a comma within a value.
fn subject(text: &str) -> Result<Vec<(String, String)>, NoCertificateName> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => parts.push(String::new()),
            '\\' => parts
                .last_mut()
                .ok_or(NoCertificateName)?
                .extend(characters.next()),
            _ => parts.last_mut().ok_or(NoCertificateName)?.push(character),
        }
    }
    let attribute = |part: &String| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        let known = SUBJECT_ATTRIBUTES.contains(&name) && !value.is_empty();
        known.then(|| (name.to_owned(), value.trim().to_owned()))
    };
    parts
        .iter()
        .map(|part| attribute(part).ok_or(NoCertificateName))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::{Admission, CertificateName};

    #[test]
    fn names_are_written_as_openssl_writes_them() {
        let of = |text: &str| text.parse::<CertificateName>();
        let pairs = |pairs: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            CertificateName::Subject(pairs.iter().map(owned).collect())
        };
        assert_eq!(of("CN=lab").unwrap(), pairs(&[("CN", "lab")]));
        assert_eq!(
            of(r"CN=lab:2, O=North\, Inc").unwrap(),
            pairs(&[("CN", "lab:2"), ("O", "North, Inc")])
        );
        assert_eq!(
            of("URI:spiffe://north/lab").unwrap(),
            CertificateName::Uri("spiffe://north/lab".to_owned())
        );
        assert_eq!(
            of("IP:2001:db8::1").unwrap(),
            CertificateName::Ip("2001:db8::1".parse().unwrap())
        );
        for wrong in [
            "", "lab", "CN=", "XX=lab", "CN=lab,", "DNS:", "IP:lab", "dns:lab",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_within_a_network_however_it_is_written() {
        let of = |networks: &[&str]| Admission {
            networks: networks.iter().map(|net| net.parse().unwrap()).collect(),
            certificates: Vec::new(),
        };
        let allowed = of(&["10.1.0.0/16", "2001:db8::/32"]);
        for (address, is_allowed) in [
            ("10.1.255.1", true),
            ("::ffff:10.1.0.1", true),
            ("10.2.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(allowed.allows_address(address), is_allowed, "{address}");
            assert!(of(&[]).allows_address(address));
        }
    }
}
