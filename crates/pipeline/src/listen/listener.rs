//! Listeners: sockets that accept connections, within a bound.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kiln_fhir::{Mapper, UtcOffset};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connection;
use super::metrics::ListenMetrics;
use crate::config::ListenerConfig;
use crate::progress::Progress;
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
    pub(crate) store: Arc<dyn Store>,
    pub(crate) mapper: Arc<Mapper>,
    pub(crate) default_offset: UtcOffset,
    pub(crate) metrics: Arc<ListenMetrics>,
    pub(crate) progress: Arc<Progress>,
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
    /// Accepts until `stop`; returns once every connection has answered what it had in hand and is closed.
    pub(crate) async fn run(self, shared: Arc<Shared>, stop: CancellationToken) {
        let room = Arc::new(Semaphore::new(shared.listener.max_connections));
        let connections = TaskTracker::new();
        loop {
            let accepted = tokio::select! {
                biased;
                () = stop.cancelled() => break,
                accepted = self.socket.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, listener = self.bound.name, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_BACKOFF).await;
                    continue;
                }
            };
            let Ok(permit) = Arc::clone(&room).try_acquire_owned() else {
                shared.metrics.closed.with_label_values(&["too-many"]).inc();
                continue;
            };
            // Acknowledgments are small and awaited: never hold them back (Nagle).
            let _ = stream.set_nodelay(true);
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            connections.spawn(async move {
                shared.metrics.connections.inc();
                let reason = connection::serve(stream, Arc::clone(&shared), stop).await;
                shared.metrics.connections.dec();
                shared.metrics.closed.with_label_values(&[reason]).inc();
                drop(permit);
            });
        }
        connections.close();
        connections.wait().await;
    }
}
