//! Senders, each a feed of its own over one connection at a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kiln_tests::{Message, Sender, Sent, await_until};

/// For all messages to be acknowledged, whatever happens.
const LIMIT: Duration = Duration::from_secs(240);
/// A sender waits so long for an acknowledgement: less than a pause lasts, so that it goes elsewhere.
const PATIENCE: Duration = Duration::from_secs(5);

/// Senders at work.
pub(crate) struct Traffic {
    senders: Vec<thread::JoinHandle<Vec<Sent>>>,
    acknowledged: Arc<AtomicUsize>,
}

impl Traffic {
    /// One sender a feed; the first half begins at the first address.
    pub(crate) fn start(feeds: &[Vec<Message>], addresses: &[SocketAddr]) -> Traffic {
        let acknowledged = Arc::<AtomicUsize>::default();
        let deadline = Instant::now() + LIMIT;
        let senders = feeds.iter().enumerate().map(|(number, messages)| {
            let mut addresses = addresses.to_vec();
            let first = number % addresses.len();
            addresses.rotate_left(first);
            let (messages, counted) = (messages.clone(), Arc::clone(&acknowledged));
            thread::spawn(move || {
                let mut sender = Sender::among(addresses, PATIENCE);
                let mut all: Vec<Sent> = Vec::new();
                for message in &messages {
                    let sent = sender.deliver(message, || Instant::now() >= deadline);
                    let ended = sent.ack.is_none();
                    all.push(sent);
                    // The next one would overtake it.
                    if ended {
                        break;
                    }
                    counted.fetch_add(1, Ordering::Relaxed);
                }
                all
            })
        });
        Traffic {
            senders: senders.collect(),
            acknowledged,
        }
    }

    /// Waits until so many messages are acknowledged, or nothing more is sent, and does `meanwhile` again and again.
    pub(crate) fn reach(&self, enough: usize, mut meanwhile: impl FnMut()) {
        await_until("acknowledgements before the next fault", LIMIT, || {
            meanwhile();
            let acknowledged = self.acknowledged.load(Ordering::Relaxed);
            (acknowledged >= enough || self.is_done()).then_some(())
        });
    }

    fn is_done(&self) -> bool {
        self.senders.iter().all(thread::JoinHandle::is_finished)
    }

    pub(crate) fn finish(self) -> Vec<Sent> {
        self.senders
            .into_iter()
            .flat_map(|sender| sender.join().expect("a sender must not panic"))
            .collect()
    }
}
