//! Many senders at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{Feed, Message, Sender, Sent};

/// Feeds that send at the same time, each over a connection of its own and in its own order.
#[derive(Debug)]
pub struct Traffic {
    senders: Vec<JoinHandle<Vec<Sent>>>,
    acknowledged: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Traffic {
    /// The messages that `feeds` feeds of `messages` each will send.
    pub fn messages(feeds: u32, messages: u32) -> Vec<Message> {
        (0..feeds)
            .flat_map(|feed| Traffic::of_feed(feed, messages))
            .collect()
    }

    /// Starts sending them. Every sender gives up when `limit` has passed.
    pub fn start(address: SocketAddr, feeds: u32, messages: u32, limit: Duration) -> Traffic {
        let (acknowledged, stopped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let deadline = Instant::now() + limit;
        let senders = (0..feeds)
            .map(|feed| {
                let (acknowledged, stopped) = (Arc::clone(&acknowledged), Arc::clone(&stopped));
                thread::spawn(move || {
                    let mut sender = Sender::new(address);
                    let give_up = || stopped.load(Ordering::Relaxed) || Instant::now() >= deadline;
                    let mut all = Vec::new();
                    for message in Traffic::of_feed(feed, messages) {
                        let sent = sender.deliver(&message, give_up);
                        let ended = sent.ack.is_none();
                        acknowledged.fetch_add(usize::from(!ended), Ordering::Relaxed);
                        all.push(sent);
                        // The next one would overtake it.
                        if ended {
                            break;
                        }
                    }
                    all
                })
            })
            .collect();
        Traffic {
            senders,
            acknowledged,
            stopped,
        }
    }

    /// How many messages are acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits for all senders; what became of each message that was tried.
    pub fn finish(self) -> Vec<Sent> {
        self.senders
            .into_iter()
            .flat_map(|sender| sender.join().expect("a sender must not panic"))
            .collect()
    }

    /// Tells the senders to try no more, then as [`Traffic::finish`].
    pub fn stop(self) -> Vec<Sent> {
        self.stopped.store(true, Ordering::Relaxed);
        self.finish()
    }

    fn of_feed(feed: u32, messages: u32) -> impl Iterator<Item = Message> {
        let feed = Feed::new(&format!("FEED{feed}"));
        (0..messages).map(move |place| feed.message(place))
    }
}
