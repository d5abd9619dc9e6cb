//! Senders under a steady load, as interface engines are: a message at a time over one connection, again until it is acknowledged,
//! and never over a connection that the other side has closed.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use kiln_tests::{Ack, Feed, Message, await_until, read_frame, write_frame};

use crate::cluster::WITHIN;

/// How long engines wait for a connection and for an acknowledgement, as they are delivered.
pub(crate) const PATIENT: Duration = Duration::from_secs(30);
/// Where something fails that says nothing: what is waited for is Kubernetes and Kiln, and not the sender.
pub(crate) const IMPATIENT: Duration = Duration::from_secs(1);
/// Between two attempts.
const RETRY: Duration = Duration::from_millis(100);

/// What became of a message.
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// How often it was sent, at least once.
    pub(crate) attempts: u32,
    /// Why it was not acknowledged the times before.
    pub(crate) failures: Vec<String>,
    /// When it was acknowledged, if it was.
    pub(crate) acknowledged: Option<Instant>,
    /// The sender's place among the others.
    pub(crate) feed: usize,
}

/// Running senders, one for each feed.
pub(crate) struct Senders {
    threads: Vec<JoinHandle<Vec<Sent>>>,
    name: String,
    /// How many of each feed; the feed's next place.
    acknowledged: Arc<Vec<AtomicU32>>,
    stop: Arc<AtomicBool>,
}

impl Senders {
    /// So many feeds whose names begin alike, each sending a message every `pace` with that patience.
    pub(crate) fn start(
        address: SocketAddr,
        name: &str,
        feeds: usize,
        (pace, patience): (Duration, Duration),
    ) -> Senders {
        let acknowledged: Arc<Vec<AtomicU32>> =
            Arc::new((0..feeds).map(|_| AtomicU32::new(0)).collect());
        let stop = Arc::new(AtomicBool::new(false));
        let threads = (0..feeds).map(|feed| {
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            let name = format!("{name}{feed}");
            thread::spawn(move || {
                send(
                    address,
                    feed,
                    &name,
                    (pace, patience),
                    &acknowledged[feed],
                    &stop,
                )
            })
        });
        Senders {
            threads: threads.collect(),
            name: name.to_owned(),
            acknowledged,
            stop,
        }
    }

    /// Waits until each feed has so many more acknowledgements.
    pub(crate) fn await_each(&self, count: u32) {
        let enough: Vec<u32> = self.places().iter().map(|place| place + count).collect();
        await_until("acknowledgements", WITHIN, || {
            let places = self.places().into_iter();
            places
                .zip(&enough)
                .all(|(place, enough)| place >= *enough)
                .then_some(())
        });
    }

    /// The last message of each feed that is acknowledged, by its control id.
    pub(crate) fn last(&self) -> Vec<String> {
        let places = self.places().into_iter().enumerate();
        places
            .filter(|(_, place)| *place > 0)
            .map(|(feed, place)| {
                Feed::new(&format!("{}{feed}", self.name))
                    .message(place - 1)
                    .control_id
            })
            .collect()
    }

    fn places(&self) -> Vec<u32> {
        let counts = self.acknowledged.iter();
        counts.map(|count| count.load(Ordering::Relaxed)).collect()
    }

    /// Ends them; all that they sent.
    pub(crate) fn stop(self) -> Vec<Sent> {
        self.stop.store(true, Ordering::Relaxed);
        let ended = self.threads.into_iter();
        ended
            .flat_map(|thread| thread.join().expect("a sender must not panic"))
            .collect()
    }
}

/// From `fault` until every sender had an acknowledgement again.
pub(crate) fn resumed(sent: &[Sent], fault: Instant) -> Duration {
    let feeds = sent.iter().map(|sent| sent.feed).max().expect("senders");
    let first = |feed| {
        let times = sent.iter().filter(|sent| sent.feed == feed);
        let after = times.filter_map(|sent| sent.acknowledged?.checked_duration_since(fault));
        after.min().expect("an acknowledgement after the fault")
    };
    (0..=feeds).map(first).max().expect("a sender")
}

/// The sends that had to be repeated, each with why.
pub(crate) fn repeated(sent: &[Sent]) -> Vec<String> {
    let repeated = sent.iter().filter(|sent| sent.attempts > 1);
    repeated
        .map(|sent| format!("{}: {}", sent.message.control_id, sent.failures.join(", ")))
        .collect()
}

fn send(
    address: SocketAddr,
    number: usize,
    name: &str,
    (pace, patience): (Duration, Duration),
    acknowledged: &AtomicU32,
    stop: &AtomicBool,
) -> Vec<Sent> {
    let feed = Feed::new(name);
    let mut connection = None;
    let mut all = Vec::new();
    let mut due = Instant::now();
    for place in 0.. {
        let mut sent = Sent {
            message: feed.message(place),
            attempts: 0,
            failures: Vec::new(),
            acknowledged: None,
            feed: number,
        };
        while !stop.load(Ordering::Relaxed) {
            match exchange(&mut connection, (address, patience), &mut sent) {
                Ok(()) => {
                    sent.acknowledged = Some(Instant::now());
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Err(error) => sent.failures.push(error.to_string()),
            }
            connection = None;
            thread::sleep(RETRY);
        }
        let ended = sent.acknowledged.is_none();
        if sent.attempts > 0 {
            all.push(sent);
        }
        // The next one would overtake it.
        if ended || stop.load(Ordering::Relaxed) {
            break;
        }
        due += pace;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    all
}

/// Sends once, and reads the answer.
fn exchange(
    connection: &mut Option<TcpStream>,
    (address, patience): (SocketAddr, Duration),
    sent: &mut Sent,
) -> io::Result<()> {
    if connection.as_ref().is_some_and(is_closed) {
        *connection = None;
    }
    let stream = match connection {
        Some(stream) => stream,
        none => none.insert(connect(address, patience)?),
    };
    sent.attempts += 1;
    write_frame(stream, &sent.message.bytes)?;
    let refused = |why: String| Err(io::Error::new(ErrorKind::InvalidData, why));
    match Ack::read(&read_frame(stream)?) {
        Some(ack) if ack.control_id != sent.message.control_id => refused("of another".to_owned()),
        Some(ack) if ack.is_positive() => Ok(()),
        Some(ack) => refused(format!("{} {}", ack.code, ack.err.join("|"))),
        None => refused("no acknowledgement".to_owned()),
    }
}

fn connect(address: SocketAddr, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    Ok(stream)
}

/// Whether the other side has said that it will send no more.
fn is_closed(stream: &TcpStream) -> bool {
    let peeked = stream
        .set_nonblocking(true)
        .and_then(|()| stream.peek(&mut [0]));
    let open = matches!(&peeked, Err(error) if error.kind() == ErrorKind::WouldBlock);
    !open || stream.set_nonblocking(false).is_err()
}
