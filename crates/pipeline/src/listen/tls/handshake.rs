//! The handshake, in the connection's own task and within its time.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::fault::Fault;
use super::identity::Identity;
use super::standing::Standing;
use super::watch::Tls;
use crate::listen::closed::Closed;

/// A peer within TLS.
pub(in super::super) struct Welcome {
    pub(in super::super) stream: Box<TlsStream<TcpStream>>,
    pub(in super::super) standing: Standing,
    /// Its certificate; none without mutual TLS.
    pub(in super::super) identity: Option<Identity>,
}

/// A handshake that did not succeed, and the socket unless it is to be dropped.
pub(in super::super) struct Refused {
    pub(in super::super) reason: Closed,
    pub(in super::super) socket: Option<TcpStream>,
}

/// Shakes hands by what is in force now.
pub(in super::super) async fn handshake(
    socket: TcpStream,
    tls: &Tls,
    within: Duration,
) -> Result<Welcome, Refused> {
    let mut in_force = tls.in_force.clone();
    let server = Arc::clone(&in_force.borrow_and_update().server);
    let accepting = TlsAcceptor::from(server).accept(socket).into_fallible();
    match timeout(within, accepting).await {
        Ok(Ok(stream)) => {
            let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
            Ok(Welcome {
                identity: chain.first().map(Identity::of),
                standing: Standing::new(in_force, chain.to_vec()),
                stream: Box::new(stream),
            })
        }
        Ok(Err((error, socket))) => Err(Refused {
            reason: match Fault::within(&error) {
                Some(fault) => Closed::Tls(fault),
                None => Closed::of(&error),
            },
            socket: Some(socket),
        }),
        Err(_) => Err(Refused {
            reason: Closed::TlsTimeout,
            socket: None,
        }),
    }
}
