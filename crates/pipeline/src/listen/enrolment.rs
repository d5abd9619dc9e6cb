//! Which peers a listener lets in, and which feed their messages belong to.

use std::net::IpAddr;

use super::closed::Closed;
use super::tls::Identity;
use crate::config::{Admission, ListenerConfig};

/// Whether a peer may be let in at all, by its address; asked before it costs a handshake.
pub(super) fn may_knock(listener: &ListenerConfig, peer: IpAddr) -> bool {
    listener.allowed.allows_address(peer)
        && (listener.feeds.is_empty()
            || listener
                .feeds
                .iter()
                .any(|feed| feed.allowed.allows_address(peer)))
}

/// What a peer sends.
pub(super) struct Admitted<'a> {
    /// The feed of its messages; none: sending application and facility of each.
    pub(super) feed: Option<&'a str>,
    /// Whether they are numbered (MSH-13).
    pub(super) is_numbered: bool,
}

/// What a peer sends: the first declared feed that allows it, else the listener's own, if it has one.
pub(super) fn admit<'a>(
    listener: &'a ListenerConfig,
    peer: IpAddr,
    identity: Option<&Identity>,
) -> Result<Admitted<'a>, Closed> {
    let allows = |admission: &Admission| {
        admission.allows_address(peer) && allows_certificate(admission, identity)
    };
    if !allows(&listener.allowed) {
        return Err(Closed::CertificateNotAllowed);
    }
    if listener.feeds.is_empty() {
        return Ok(Admitted {
            feed: listener.feed.as_deref(),
            is_numbered: listener.sequence_numbers,
        });
    }
    let feed = listener.feeds.iter().find(|feed| allows(&feed.allowed));
    feed.map(|feed| Admitted {
        feed: Some(&feed.name),
        is_numbered: feed.sequence_numbers,
    })
    .ok_or(Closed::CertificateNotAllowed)
}

fn allows_certificate(admission: &Admission, identity: Option<&Identity>) -> bool {
    let names = &admission.certificates;
    names.is_empty() || identity.is_some_and(|identity| names.iter().any(|name| identity.is(name)))
}
