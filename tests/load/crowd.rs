//! Connections that are open and idle, each after a message of its own.

use std::net::SocketAddr;

use kiln_tests::Feed;
use tokio::net::TcpStream;

use crate::work::{connect, exchange};

/// So many at once come to be.
const AT_ONCE: usize = 100;

/// Connections that are open and idle.
pub(crate) struct Crowd(Vec<TcpStream>);

impl Crowd {
    pub(crate) async fn connect(address: SocketAddr, count: usize) -> Crowd {
        let mut all = Vec::with_capacity(count);
        for first in (0..count).step_by(AT_ONCE) {
            let mut tasks = tokio::task::JoinSet::new();
            for n in first..count.min(first + AT_ONCE) {
                tasks.spawn(async move {
                    let mut stream = connect(address, 2, n).await;
                    let message = Feed::new(&format!("IDLE{n}")).message(0);
                    let answer = exchange(&mut stream, &message.bytes).await;
                    assert!(answer.is_positive(), "{answer:?}");
                    stream
                });
            }
            all.extend(tasks.join_all().await);
        }
        Crowd(all)
    }

    /// Whether all are open still.
    pub(crate) fn is_whole(&self) -> bool {
        let open = |stream: &TcpStream| {
            let read = stream.try_read(&mut [0]);
            read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
        };
        self.0.iter().all(open)
    }
}
