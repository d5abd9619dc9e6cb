//! Who may send: TLS, networks, certificates, feeds.

use std::net::IpAddr;

use ipnet::IpNet;

use super::super::admission::{Admission, FeedConfig};
use super::super::document::{FeedDocument, ListenerDocument, ListenerTlsDocument};
use super::super::listener::{ClientAuthorities, ListenerConfig, ListenerTls};
use super::Check;

impl Check<'_> {
    pub(super) fn tls(&mut self, path: &str, given: &ListenerTlsDocument) -> Option<ListenerTls> {
        if given.client_ca.is_none() && !given.client_crl.is_empty() {
            self.report(
                &format!("{path}.clientCrl"),
                "belongs to clientCa; give the authorities whose lists these are".to_owned(),
            );
        }
        let (Some(cert), Some(key)) = (&given.cert, &given.key) else {
            self.report(
                path,
                "cert and key belong together; give both, or leave tls out for a port in the clear"
                    .to_owned(),
            );
            return None;
        };
        Some(ListenerTls {
            cert: cert.clone(),
            key: key.clone(),
            clients: given.client_ca.clone().map(|ca| ClientAuthorities {
                ca,
                crl: given.client_crl.clone(),
            }),
        })
    }

    /// Who may connect, and the declared feeds.
    pub(super) fn senders(
        &mut self,
        path: &str,
        document: &ListenerDocument,
        listener: &mut ListenerConfig,
    ) {
        let has_authorities = document
            .tls
            .as_ref()
            .is_some_and(|tls| tls.client_ca.is_some());
        listener.allowed = self.admission(
            path,
            &document.allowed_networks,
            &document.allowed_certificates,
            has_authorities,
        );
        if !document.feeds.is_empty() && document.feed.is_some() {
            self.report(
                &format!("{path}.feeds"),
                "choose one of feed and feeds: with feeds each sender has its own".to_owned(),
            );
        }
        if listener.sequence_numbers && document.feed.is_none() {
            self.report(
                &format!("{path}.sequenceNumbers"),
                "needs feed: numbers are counted in one feed; with feeds give it there".to_owned(),
            );
        }
        for (at, feed) in document.feeds.iter().enumerate() {
            let path = format!("{path}.feeds[{at}]");
            let feed = self.feed(&path, feed, has_authorities);
            listener.feeds.push(feed);
        }
    }

    fn feed(&mut self, path: &str, document: &FeedDocument, has_authorities: bool) -> FeedConfig {
        let name = document.name.clone().unwrap_or_default();
        if name.is_empty() {
            self.report(&format!("{path}.name"), "give the feed a name".to_owned());
        }
        if document.allowed_networks.is_empty() && document.allowed_certificates.is_empty() {
            self.report(
                path,
                "say who sends it: give allowedNetworks, allowedCertificates or both".to_owned(),
            );
        }
        FeedConfig {
            name,
            sequence_numbers: document.sequence_numbers.unwrap_or_default(),
            allowed: self.admission(
                path,
                &document.allowed_networks,
                &document.allowed_certificates,
                has_authorities,
            ),
        }
    }

    fn admission(
        &mut self,
        path: &str,
        networks: &[String],
        certificates: &[String],
        has_authorities: bool,
    ) -> Admission {
        if !certificates.is_empty() && !has_authorities {
            self.report(
                &format!("{path}.allowedCertificates"),
                "needs tls.clientCa: without it senders show no certificate".to_owned(),
            );
        }
        let mut admission = Admission::default();
        for (at, text) in networks.iter().enumerate() {
            let network = text.parse::<IpNet>();
            match network.or_else(|_| text.parse::<IpAddr>().map(IpNet::from)) {
                Ok(network) => admission.networks.push(network),
                Err(_) => self.report(
                    &format!("{path}.allowedNetworks[{at}]"),
                    "not a network or address, for example 10.1.0.0/16, 2001:db8::/32 or 10.1.2.3"
                        .to_owned(),
                ),
            }
        }
        for (at, text) in certificates.iter().enumerate() {
            match text.parse() {
                Ok(name) => admission.certificates.push(name),
                Err(error) => self.report(
                    &format!("{path}.allowedCertificates[{at}]"),
                    format!("{error}"),
                ),
            }
        }
        admission
    }
}
