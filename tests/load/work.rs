//! Senders that work: each sends a message at its times and waits for the answer.

use std::net::SocketAddr;
use std::time::Duration;

use hdrhistogram::Histogram;
use kiln_tests::{Ack, Feed};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use crate::options::Options;
use crate::source;

/// Nobody waits longer for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Senders that work.
pub(crate) struct Workers {
    workers: Vec<Worker>,
    rate: u32,
}

struct Worker {
    stream: TcpStream,
    feed: Feed,
    place: u32,
}

impl Workers {
    pub(crate) async fn connect(address: SocketAddr, options: &Options) -> Workers {
        let mut workers = Vec::new();
        for n in 0..options.active {
            workers.push(Worker {
                stream: connect(address, 1, n).await,
                feed: Feed::new(&format!("WORK{n}")),
                place: 0,
            });
        }
        Workers {
            workers,
            rate: options.rate,
        }
    }

    /// Works for so long; how long the answers took, in microseconds. Each message has its time: who waits for an answer
    /// beyond the time of the next message has waited for that one too.
    #[allow(clippy::cast_precision_loss)] // numbers of senders
    pub(crate) async fn work(&mut self, seconds: u64) -> Histogram<u64> {
        let interval = Duration::from_secs(1) / self.rate;
        let (start, count) = (Instant::now(), self.workers.len() as f64);
        let mut tasks = tokio::task::JoinSet::new();
        for (n, worker) in self.workers.drain(..).enumerate() {
            // Spread over the interval.
            let first = start + interval.mul_f64(n as f64 / count);
            tasks.spawn(worker.work(first, interval, start + Duration::from_secs(seconds)));
        }
        let mut all = Histogram::new(3).expect("3 digits");
        while let Some(done) = tasks.join_next().await {
            let (worker, times) = done.expect("a worker must not panic");
            all.add(times).expect("the same kind");
            self.workers.push(worker);
        }
        all
    }
}

impl Worker {
    async fn work(
        mut self,
        first: Instant,
        interval: Duration,
        until: Instant,
    ) -> (Worker, Histogram<u64>) {
        let mut times = Histogram::new(3).expect("3 digits");
        let mut due = first;
        while due < until {
            tokio::time::sleep_until(due).await;
            let message = self.feed.message(self.place);
            self.place += 1;
            let answer = exchange(&mut self.stream, &message.bytes).await;
            assert!(answer.is_positive(), "{answer:?}");
            assert_eq!(answer.control_id, message.control_id);
            let waited = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            times.record(waited).expect("a time");
            due += interval;
        }
        (self, times)
    }
}

/// Connects from an address of a network of loopback.
pub(crate) async fn connect(address: SocketAddr, network: u8, n: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from = SocketAddr::from((source(network, n), 0));
    socket.bind(from).expect("an address of loopback");
    let stream = socket.connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("no delay");
    stream
}

/// Sends a message and reads its answer.
pub(crate) async fn exchange<S>(stream: &mut S, message: &[u8]) -> Ack
where
    S: AsyncReadExt + AsyncWriteExt + Unpin,
{
    let frame = [b"\x0b", message, b"\x1c\r"].concat();
    let answer = tokio::time::timeout(PATIENCE, async {
        stream.write_all(&frame).await.expect("a peer that reads");
        stream.flush().await.expect("a peer that reads");
        let mut answer = Vec::new();
        while !answer.ends_with(b"\x1c\r") {
            let read = stream.read_buf(&mut answer).await.expect("an answer");
            assert!(read > 0, "closed before it answered");
        }
        answer
    });
    let answer = answer.await.expect("an answer in time");
    Ack::read(&answer[1..answer.len() - 2]).expect("an acknowledgement")
}
