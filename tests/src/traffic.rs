//! Many senders at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::{Feed, Message, Sender, Sent, await_until};

/// Feeds that send at the same time, each over a connection of its own and in its own order.
#[derive(Debug)]
pub struct Traffic {
    senders: Vec<JoinHandle<Vec<Sent>>>,
    acknowledged: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    limit: Duration,
}

impl Traffic {
    /// The messages that `feeds` feeds of `messages` each will send.
    pub fn messages(feeds: u32, messages: u32) -> Vec<Message> {
        Traffic::feeds(feeds, messages).concat()
    }

    /// Starts sending them. Every sender gives up when `limit` has passed.
    pub fn start(address: SocketAddr, feeds: u32, messages: u32, limit: Duration) -> Traffic {
        let feeds = Traffic::feeds(feeds, messages);
        Traffic::send(&feeds, limit, |_| Sender::new(address))
    }

    /// Starts sending the messages of each feed, in turn first to one of the addresses and then to the next: every sender
    /// goes on to another whenever it has waited for `patience`.
    pub fn among(
        addresses: &[SocketAddr],
        feeds: &[Vec<Message>],
        patience: Duration,
        limit: Duration,
    ) -> Traffic {
        Traffic::send(feeds, limit, |number| {
            let mut addresses = addresses.to_vec();
            let first = number % addresses.len();
            addresses.rotate_left(first);
            Sender::among(addresses, patience)
        })
    }

    fn send(feeds: &[Vec<Message>], limit: Duration, sender: impl Fn(usize) -> Sender) -> Traffic {
        let (acknowledged, stopped) = (
            Arc::new(AtomicUsize::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let deadline = Instant::now() + limit;
        let senders = feeds.iter().enumerate().map(|(number, messages)| {
            let (acknowledged, stopped) = (Arc::clone(&acknowledged), Arc::clone(&stopped));
            let (mut sender, messages) = (sender(number), messages.clone());
            thread::spawn(move || {
                let give_up = || stopped.load(Ordering::Relaxed) || Instant::now() >= deadline;
                let mut all = Vec::new();
                for message in &messages {
                    let sent = sender.deliver(message, give_up);
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
        });
        Traffic {
            senders: senders.collect(),
            acknowledged,
            stopped,
            limit,
        }
    }

    /// How many messages are acknowledged so far.
    pub fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until so many are, or nothing more is sent, and does `meanwhile` again and again.
    pub fn reach(&self, enough: usize, mut meanwhile: impl FnMut()) {
        await_until("acknowledgements", self.limit, || {
            meanwhile();
            let ended = self.senders.iter().all(JoinHandle::is_finished);
            (self.acknowledged() >= enough || ended).then_some(())
        });
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

    fn feeds(feeds: u32, messages: u32) -> Vec<Vec<Message>> {
        (0..feeds)
            .map(|feed| Feed::new(&format!("FEED{feed}")).messages(messages))
            .collect()
    }
}
