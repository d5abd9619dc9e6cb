//! Peers that begin a message and send a byte now and then (slow loris), and come again as soon as they are closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::source;
use crate::work::PATIENCE;

/// Between two bytes, and before a peer that was closed comes again.
const PAUSE: Duration = Duration::from_millis(200);
/// How often is looked whether a number of tries is reached.
const LOOK: Duration = Duration::from_millis(20);

/// Slow peers.
pub(crate) struct Slow {
    peers: TaskTracker,
    tries: Arc<AtomicUsize>,
    stop: CancellationToken,
}

impl Slow {
    pub(crate) fn start(address: SocketAddr, count: usize) -> Slow {
        let slow = Slow {
            peers: TaskTracker::new(),
            tries: Arc::default(),
            stop: CancellationToken::new(),
        };
        for n in 0..count {
            let tries = Arc::clone(&slow.tries);
            let trying = async move {
                loop {
                    tries.fetch_add(1, Ordering::Relaxed);
                    // However it ends.
                    let _ = drip(address, n).await;
                    tokio::time::sleep(PAUSE).await;
                }
            };
            let stop = slow.stop.clone();
            slow.peers.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = trying => {}
                }
            });
        }
        slow.peers.close();
        slow
    }

    /// Waits until so many tries were made.
    pub(crate) async fn reach(&self, tries: usize) {
        let reached = async {
            while self.tries.load(Ordering::Relaxed) < tries {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached)
            .await
            .expect("the tries in time");
    }

    /// Ends them; how many connections they tried.
    pub(crate) async fn stop(self) -> usize {
        self.stop.cancel();
        self.peers.wait().await;
        self.tries.load(Ordering::Relaxed)
    }
}

async fn drip(address: SocketAddr, n: usize) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((source(3, n), 0)))?;
    let mut stream: TcpStream = socket.connect(address).await?;
    stream.write_all(b"\x0bMSH|^~\\&|SLOW|").await?;
    loop {
        tokio::time::sleep(PAUSE).await;
        stream.write_all(b"x").await?;
    }
}
