//! What happens when the store does not confirm: a stand-in store that confirms when it is told to.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use kiln_fhir::{Mapper, UtcOffset};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Connections, ListenMetrics, ListenerMetrics, ListenerRoom, Room, Shared, bind};
use crate::config::ListenerConfig;
use crate::mapping::Mapping;
use crate::metrics::Metrics;
use crate::progress::Progress;
use crate::record::Record;
use crate::store::{
    Begin, Decider, Output, Position, RawReader, Receipt, ReplayJob, Source, Store, StoreError,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Confirms message n once `confirmed` says so; never before.
struct StandIn {
    confirmed: watch::Receiver<fn(i64) -> bool>,
    next: AtomicI64,
    waiting: Arc<Waiting>,
}

/// How many messages wait in the store, and the most there ever were.
#[derive(Default)]
struct Waiting {
    now: AtomicUsize,
    peak: AtomicUsize,
}

struct One(Arc<Waiting>);

impl One {
    fn enter(waiting: &Arc<Waiting>) -> One {
        let now = waiting.now.fetch_add(1, Ordering::SeqCst) + 1;
        waiting.peak.fetch_max(now, Ordering::SeqCst);
        One(Arc::clone(waiting))
    }
}

impl Drop for One {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Store for StandIn {
    async fn append(&self, _: Record) -> Result<Receipt, StoreError> {
        let offset = self.next.fetch_add(1, Ordering::SeqCst);
        let (mut confirmed, one) = (self.confirmed.clone(), One::enter(&self.waiting));
        Ok(Box::pin(async move {
            let _one = one;
            confirmed
                .wait_for(|confirms| confirms(offset))
                .await
                .map_err(|_| StoreError::Closed)?;
            Ok(Position {
                partition: 0,
                offset,
            })
        }))
    }
    async fn keep(&self, _: Vec<Output>) -> Result<(), StoreError> {
        Ok(())
    }
    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
    async fn source(&self, _: usize) -> Result<Box<dyn Source>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn last_of(&self, _: &str, _: &str, _: usize) -> Result<Option<Record>, StoreError> {
        Ok(None)
    }
    async fn replay(&self, _: &ReplayJob, _: usize) -> Result<Box<dyn Source>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn read_raw(&self, _: Begin) -> Result<Box<dyn RawReader>, StoreError> {
        Err(StoreError::Closed)
    }
    async fn bulk(&self, _: bool) -> Result<Option<Arc<dyn Store>>, StoreError> {
        Ok(None)
    }
    async fn decider(&self) -> Result<Box<dyn Decider>, StoreError> {
        Err(StoreError::Closed)
    }
}

/// A listener over the stand-in.
struct Bench {
    address: SocketAddr,
    confirm: watch::Sender<fn(i64) -> bool>,
    waiting: Arc<Waiting>,
    connections: Arc<Connections>,
    running: tokio::task::JoinHandle<()>,
}

impl Bench {
    async fn start(listener: ListenerConfig, room: Room) -> Bench {
        let listening = bind(&listener).await.unwrap();
        let address = listening.bound.address;
        let (confirm, confirmed) = watch::channel::<fn(i64) -> bool>(|_| false);
        let (waiting, connections) = (Arc::<Waiting>::default(), Arc::<Connections>::default());
        let store = StandIn {
            confirmed,
            next: AtomicI64::new(0),
            waiting: Arc::clone(&waiting),
        };
        let metrics = Arc::new(ListenMetrics::new(&Metrics::default()).unwrap());
        let shared = Shared {
            metrics: Arc::new(ListenerMetrics::new(&metrics, &listener)),
            in_flight: ListenerRoom::of(&listener),
            listener,
            tls: None,
            store: Arc::new(store),
            mapping: Mapping::new(Arc::new(Mapper::load(&[]).unwrap())).1,
            default_offset: UtcOffset::UTC,
            progress: Arc::new(Progress::default()),
            connections: Arc::clone(&connections),
            room: Arc::new(room),
            drain: PATIENCE,
            tracer: crate::spans::Tracer::default(),
            lookback: 1000,
        };
        let running = tokio::spawn(listening.run(Arc::new(shared)));
        Bench {
            address,
            confirm,
            waiting,
            connections,
            running,
        }
    }

    async fn send(&self, messages: &[String]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        for message in messages {
            let frame = format!("\x0b{message}\x1c\r");
            stream.write_all(frame.as_bytes()).await.unwrap();
        }
        stream
    }

    fn peak(&self) -> usize {
        self.waiting.peak.load(Ordering::SeqCst)
    }

    async fn waits_for(&self, count: usize) {
        let looking = async {
            while self.waiting.now.load(Ordering::SeqCst) != count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, looking).await.unwrap();
    }
}

fn listener() -> ListenerConfig {
    ListenerConfig {
        address: "127.0.0.1:0".parse().unwrap(),
        ..ListenerConfig::default()
    }
}

fn roomy() -> Room {
    Room::new(1000, 1_000_000, 1_000_000)
}

fn messages(count: usize, commit: &str) -> Vec<String> {
    (0..count)
        .map(|n| format!("MSH|^~\\&|A|B|C|D|20260101||ADT^A01|N{n}|P|2.5|||{commit}\rPID|1\r"))
        .collect()
}

/// MSA-1, MSA-2 and the code in ERR-3 of each answer.
async fn answers(stream: &mut TcpStream, count: usize) -> Vec<(String, String, String)> {
    let mut buffer = BytesMut::new();
    let mut found = Vec::new();
    let reading = async {
        while found.len() < count {
            if let Some(end) = buffer.windows(2).position(|two| two == b"\x1c\r") {
                let text = String::from_utf8(buffer.split_to(end + 2).to_vec()).unwrap();
                let field = |segment: &str, number: usize| {
                    let line = text.split('\r').find(|line| line.starts_with(segment));
                    let value = line.and_then(|line| line.split('|').nth(number));
                    value.unwrap_or_default().to_owned()
                };
                let code = field("ERR", 3).split('^').next().unwrap().to_owned();
                found.push((field("MSA", 1), field("MSA", 2), code));
            } else {
                assert!(stream.read_buf(&mut buffer).await.unwrap() > 0);
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.unwrap();
    assert!(buffer.is_empty());
    found
}

fn all(count: usize, code: &str, error: &str) -> Vec<(String, String, String)> {
    (0..count)
        .map(|n| (code.to_owned(), format!("N{n}"), error.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_store_that_stalls_is_never_acknowledged_for_and_the_sender_is_told_to_send_again() {
    let settings = ListenerConfig {
        max_in_flight: 4,
        confirm_timeout: Duration::from_millis(100),
        ..listener()
    };
    let bench = Bench::start(settings, roomy()).await;
    for (commit, code) in [("", "AE"), ("AL", "CE"), ("ER", "CE")] {
        let mut stream = bench.send(&messages(10, commit)).await;
        // 206: "the transaction could not be performed at the application storage level" (table 0357).
        assert_eq!(answers(&mut stream, 10).await, all(10, code, "206"));
    }
    // Beyond four nothing more was read.
    assert_eq!(bench.peak(), 4);
    bench.confirm.send_replace(|_| true);
    let mut stream = bench.send(&messages(10, "")).await;
    assert_eq!(answers(&mut stream, 10).await, all(10, "AA", ""));
}

#[tokio::test]
async fn answers_leave_in_the_order_of_the_frames_however_the_store_confirms() {
    let bench = Bench::start(listener(), roomy()).await;
    let mut stream = bench.send(&messages(3, "")).await;
    bench.waits_for(3).await;
    bench.confirm.send_replace(|n| n == 2);
    bench.confirm.send_replace(|n| n >= 1);
    bench.confirm.send_replace(|_| true);
    assert_eq!(answers(&mut stream, 3).await, all(3, "AA", ""));
}

#[tokio::test]
async fn what_waits_for_the_store_is_bounded_in_count_and_bytes_at_every_level() {
    let size = messages(1, "")[0].len();
    let of_connection = ListenerConfig {
        max_in_flight_bytes: 2 * size,
        ..listener()
    };
    let of_feed = ListenerConfig {
        max_feed_in_flight: 3,
        ..listener()
    };
    let of_feed_in_bytes = ListenerConfig {
        max_feed_in_flight_bytes: 3 * size + 1,
        ..listener()
    };
    let of_listener = ListenerConfig {
        max_total_in_flight: 3,
        ..listener()
    };
    let of_listener_in_bytes = ListenerConfig {
        max_total_in_flight_bytes: 3 * size + 1,
        ..listener()
    };
    let in_all = Room::new(3, 1_000_000, 1_000_000);
    let in_all_in_bytes = Room::new(1000, 3 * size + 1, 1_000_000);
    for (settings, room, peak) in [
        // Four connections with two each.
        (of_connection, roomy(), 8),
        (of_feed, roomy(), 3),
        (of_feed_in_bytes, roomy(), 3),
        (of_listener, roomy(), 3),
        (of_listener_in_bytes, roomy(), 3),
        (listener(), in_all, 3),
        (listener(), in_all_in_bytes, 3),
    ] {
        let bench = Bench::start(settings, room).await;
        let mut streams = Vec::new();
        for _ in 0..4 {
            streams.push(bench.send(&messages(5, "")).await);
        }
        bench.waits_for(peak).await;
        bench.confirm.send_replace(|_| true);
        for stream in &mut streams {
            assert_eq!(answers(stream, 5).await, all(5, "AA", ""));
        }
        assert_eq!(bench.peak(), peak);
        assert_eq!(bench.waiting.now.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn a_feed_that_fills_its_room_leaves_that_of_the_others() {
    let settings = ListenerConfig {
        max_feed_in_flight: 2,
        ..listener()
    };
    let bench = Bench::start(settings, roomy()).await;
    let mut greedy = Vec::new();
    for _ in 0..4 {
        greedy.push(bench.send(&messages(5, "")).await);
    }
    bench.waits_for(2).await;
    let others: Vec<String> = messages(2, "")
        .iter()
        .map(|message| message.replacen("|A|B|", "|OTHER|B|", 1))
        .collect();
    let mut other = bench.send(&others).await;
    bench.waits_for(4).await;
    bench.confirm.send_replace(|_| true);
    assert_eq!(answers(&mut other, 2).await, all(2, "AA", ""));
    for stream in &mut greedy {
        assert_eq!(answers(stream, 5).await, all(5, "AA", ""));
    }
    assert_eq!(bench.peak(), 4);
}

#[tokio::test]
async fn a_message_that_finds_no_room_in_time_is_to_be_sent_again() {
    let settings = ListenerConfig {
        max_total_in_flight: 1,
        confirm_timeout: Duration::from_millis(200),
        ..listener()
    };
    let bench = Bench::start(settings, roomy()).await;
    let mut streams = Vec::new();
    for _ in 0..3 {
        streams.push(bench.send(&messages(1, "")).await);
    }
    for stream in &mut streams {
        assert_eq!(answers(stream, 1).await, all(1, "AE", "206"));
    }
    assert_eq!(bench.peak(), 1);
}

#[tokio::test]
async fn a_drain_answers_what_the_store_has_not_confirmed_yet() {
    let bench = Bench::start(listener(), roomy()).await;
    let mut stream = bench.send(&messages(5, "")).await;
    bench.waits_for(5).await;
    bench.connections.drain();
    assert!(!bench.running.is_finished());
    bench.confirm.send_replace(|_| true);
    assert_eq!(answers(&mut stream, 5).await, all(5, "AA", ""));
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    drop(stream);
    tokio::time::timeout(PATIENCE, bench.running)
        .await
        .unwrap()
        .unwrap();
}
