//! A connection from its first byte to its end: handshake, enrolment, service.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::closed::Closed;
use super::connection::{self, Peer};
use super::connections::Presence;
use super::enrolment;
use super::listener::Shared;
use super::places::Places;
use super::refusals::{Refusals, Told};
use super::stream::Stream;
use super::tls::{Fingerprint, Refused, Welcome, handshake};

/// What the connections of a listener are let in by.
pub(super) struct Door {
    pub(super) refusals: Refusals,
    /// Connections by the peer's certificate.
    pub(super) certificates: Arc<Places<Fingerprint>>,
}

/// Serves a peer, or refuses it; returns why the connection ended.
pub(super) async fn attend(
    tcp: TcpStream,
    address: SocketAddr,
    door: &Door,
    shared: &Arc<Shared>,
    presence: Presence,
) -> Closed {
    let (stream, standing, identity) = match &shared.tls {
        None => (Stream::Plain(tcp), None, None),
        Some(tls) => {
            let shaken = tokio::select! {
                shaken = handshake(tcp, tls, shared.listener.handshake_timeout) => shaken,
                () = presence.leave().cancelled() => return presence.left(),
            };
            match shaken {
                Ok(Welcome {
                    stream,
                    standing,
                    identity,
                }) => (Stream::Tls(stream), Some(standing), identity),
                Err(Refused {
                    reason,
                    detail,
                    socket,
                }) => {
                    if matches!(reason, Closed::Tls(_) | Closed::TlsTimeout) {
                        let told = Told {
                            detail: detail.as_deref(),
                            ..Told::default()
                        };
                        door.refusals.tell(reason, address.ip(), told);
                    }
                    if let Some(socket) = socket {
                        // The peer is to read the alert that says why.
                        Stream::Plain(socket).end().await;
                    }
                    return reason;
                }
            }
        }
    };
    let subject = identity.as_ref().map(|identity| identity.subject.as_str());
    let refuse = async |stream: Stream, reason: Closed| {
        let told = Told {
            subject,
            ..Told::default()
        };
        door.refusals.tell(reason, address.ip(), told);
        stream.end().await;
        reason
    };
    let admitted = match enrolment::admit(&shared.listener, address.ip(), identity.as_ref()) {
        Ok(admitted) => admitted,
        Err(reason) => return refuse(stream, reason).await,
    };
    let _place = match &identity {
        None => None,
        Some(identity) => match door.certificates.enter(identity.fingerprint) {
            None => return refuse(stream, Closed::TooManyOfCertificate).await,
            place => place,
        },
    };
    let peer = Peer {
        standing,
        feed: admitted.feed.map(str::to_owned),
        numbers: admitted.is_numbered.then(Arc::default),
    };
    connection::serve(stream, peer, Arc::clone(shared), presence).await
}
