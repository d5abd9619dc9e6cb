//! Listeners: sockets that accept connections, within a bound.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kiln_fhir::UtcOffset;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::addresses::network;
use super::attend::{Door, attend};
use super::closed::Closed;
use super::connections::Connections;
use super::enrolment;
use super::judge::Origin;
use super::metrics::ListenerMetrics;
use super::places::Places;
use super::refusals::{Refusals, Told};
use super::room::{ListenerRoom, Room};
use super::socket;
use super::tls::Tls;
use crate::config::ListenerConfig;
use crate::mapping::Mapping;
use crate::progress::Progress;
use crate::spans::Tracer;
use crate::store::Store;

/// After accepting failed (no file descriptors, say), wait before the next try.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// A listener that is bound.
#[derive(Clone, Debug)]
pub struct BoundListener {
    /// Its name in the configuration.
    pub name: String,
    /// The feed of its messages, if it has one of its own.
    pub feed: Option<String>,
    /// The address, with the port that was chosen.
    pub address: SocketAddr,
}

/// What the connections of a listener share.
pub(crate) struct Shared {
    pub(crate) listener: ListenerConfig,
    /// None: in the clear.
    pub(crate) tls: Option<Tls>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mapping: Mapping,
    pub(crate) default_offset: UtcOffset,
    pub(crate) metrics: Arc<ListenerMetrics>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) connections: Arc<Connections>,
    /// This listener's messages that wait for the store.
    pub(crate) in_flight: ListenerRoom,
    /// The room that all listeners share.
    pub(crate) room: Arc<Room>,
    pub(crate) tracer: Tracer,
    /// How many messages of a partition back the last number of a numbered feed is looked for.
    pub(crate) lookback: usize,
    /// How long a connection that is asked to leave may take to be between messages.
    pub(crate) drain: Duration,
}

impl Shared {
    /// Where messages of a peer's feed come from.
    pub(super) fn origin<'a>(&'a self, feed: Option<&'a str>) -> Origin<'a> {
        Origin {
            listener: &self.listener.name,
            feed,
        }
    }
}

/// A bound socket with its settings.
pub(crate) struct Listening {
    pub(crate) bound: BoundListener,
    socket: TcpListener,
}

/// Binds a listener.
pub(crate) async fn bind(listener: &ListenerConfig) -> std::io::Result<Listening> {
    let socket = TcpListener::bind(listener.address).await?;
    let bound = BoundListener {
        name: listener.name.clone(),
        feed: listener.feed.clone(),
        address: socket.local_addr()?,
    };
    Ok(Listening { bound, socket })
}

impl Listening {
    /// Accepts until a drain; returns once every connection has answered what it had in hand and is closed.
    pub(crate) async fn run(self, shared: Arc<Shared>) {
        let settings = &shared.listener;
        let room = Arc::new(Semaphore::new(settings.max_connections));
        let addresses = Places::new(settings.max_connections_per_address);
        let door = Arc::new(Door {
            refusals: Refusals::new(&settings.name),
            certificates: Places::new(settings.max_connections_per_certificate),
        });
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = shared.connections.draining().cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    shared.metrics.accept_failures.inc();
                    tracing::warn!(%error, listener = self.bound.name, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            if !enrolment::may_knock(settings, peer.ip()) {
                shared.metrics.closed(Closed::AddressNotAllowed);
                door.refusals
                    .tell(Closed::AddressNotAllowed, peer.ip(), Told::default());
                continue;
            }
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                shared.metrics.closed(Closed::TooMany);
                continue;
            };
            let Some(place) = addresses.enter(network(peer.ip())) else {
                shared.metrics.closed(Closed::TooManyOfAddress);
                continue;
            };
            let prepared =
                socket::set_up(&stream, settings.tcp_keepalive, settings.tcp_user_timeout);
            if let Err(error) = prepared {
                // As of a peer that is gone already.
                shared.metrics.closed(Closed::of(&error));
                continue;
            }
            let (shared, presence) = (Arc::clone(&shared), shared.connections.enter());
            let door = Arc::clone(&door);
            connections.spawn(async move {
                shared.metrics.connections.inc();
                let reason = attend(stream, peer, &door, &shared, presence).await;
                shared.metrics.connections.dec();
                shared.metrics.closed(reason);
                drop((permit, place));
            });
        }
        // What waits to be accepted is turned away, and finds another instance.
        drop(self.socket);
        connections.close();
        connections.wait().await;
    }
}
