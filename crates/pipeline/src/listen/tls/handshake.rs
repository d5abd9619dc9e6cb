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

/// Longest reason in the log.
const MAX_DETAIL_CHARS: usize = 200;

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
    /// In words, when TLS is to blame.
    pub(in super::super) detail: Option<String>,
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
        Ok(Err((error, socket))) => {
            let fault = Fault::within(&error);
            Err(Refused {
                reason: fault.map_or_else(|| Closed::of(&error), Closed::Tls),
                detail: fault.map(|_| plain(&error.to_string())),
                socket: Some(socket),
            })
        }
        Err(_) => Err(Refused {
            reason: Closed::TlsTimeout,
            detail: None,
            socket: None,
        }),
    }
}

/// For the log: what the peer chose of it stays within a line.
fn plain(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(MAX_DETAIL_CHARS).collect()
}
