//! Room for what is in hand: messages that wait for the store, and frames that have not ended. Bounded in count and bytes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use prometheus::IntGauge;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::metrics::ListenerMetrics;
use crate::config::{Limits, ListenerConfig};
use crate::record::Record;

/// A bound on messages that wait for the store, and on their bytes.
pub(crate) struct Budget {
    messages: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// A share of a budget.
type Share = (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>);

impl Budget {
    pub(crate) fn new(messages: usize, bytes: usize) -> Budget {
        let semaphore = |most: usize| Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
        Budget {
            messages: semaphore(messages),
            bytes: semaphore(bytes),
        }
    }

    /// Waits for room; first come, first served.
    async fn share(&self, bytes: usize) -> Share {
        // They are never closed, so that waiting never fails.
        let message = Arc::clone(&self.messages).acquire_owned().await.ok();
        let bytes = Arc::clone(&self.bytes)
            .acquire_many_owned(permits(bytes))
            .await
            .ok();
        (message, bytes)
    }
}

/// The room of one listener, and within it of each feed, so that none takes that of the others.
pub(crate) struct ListenerRoom {
    all: Budget,
    feed_messages: usize,
    feed_bytes: usize,
    /// Of the feeds that have messages in hand, and of some that had.
    feeds: Mutex<HashMap<String, Weak<Budget>>>,
}

impl ListenerRoom {
    pub(crate) fn of(listener: &ListenerConfig) -> ListenerRoom {
        ListenerRoom {
            all: Budget::new(
                listener.max_total_in_flight,
                listener.max_total_in_flight_bytes,
            ),
            feed_messages: listener.max_feed_in_flight,
            feed_bytes: listener.max_feed_in_flight_bytes,
            feeds: Mutex::default(),
        }
    }

    fn of_feed(&self, feed: &str) -> Arc<Budget> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = feeds.get(feed).and_then(Weak::upgrade) {
            return budget;
        }
        // Only before it would grow: a feed that sends one message at a time comes here with each.
        if feeds.len() == feeds.capacity() {
            feeds.retain(|_, budget| budget.strong_count() > 0);
        }
        let budget = Arc::new(Budget::new(self.feed_messages, self.feed_bytes));
        feeds.insert(feed.to_owned(), Arc::downgrade(&budget));
        budget
    }
}

/// The room of this process, shared by the listeners of a lane.
pub(crate) struct Room {
    /// All messages that wait for the store.
    pub(crate) in_flight: Budget,
    /// Bytes of frames that have not ended, beyond one read of each connection.
    pub(crate) receiving: Arc<Semaphore>,
}

impl Room {
    /// That of a lane.
    pub(crate) fn of(limits: &Limits) -> Room {
        Room::new(
            limits.max_in_flight,
            limits.max_in_flight_bytes,
            limits.max_receiving_bytes,
        )
    }

    pub(crate) fn new(messages: usize, bytes: usize, receiving_bytes: usize) -> Room {
        Room {
            in_flight: Budget::new(messages, bytes),
            receiving: Arc::new(Semaphore::new(receiving_bytes.min(Semaphore::MAX_PERMITS))),
        }
    }
}

/// A message that has its room, for as long as this lives.
pub(super) struct InFlight {
    _shares: [Share; 3],
    /// Remembered as long as the feed has messages in hand.
    _feed: Arc<Budget>,
    metrics: Arc<ListenerMetrics>,
    bytes: i64,
}

impl InFlight {
    /// Waits for room in the budget of the feed, then in that of the listener, then in that of the process.
    pub(super) async fn wait(
        record: &Record,
        listener: &ListenerRoom,
        all: &Budget,
        metrics: &Arc<ListenerMetrics>,
    ) -> InFlight {
        let (feed, bytes) = (listener.of_feed(&record.key), record.value.len());
        let shares = [
            feed.share(bytes).await,
            listener.all.share(bytes).await,
            all.share(bytes).await,
        ];
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        metrics.in_flight_messages.inc();
        metrics.in_flight_bytes.add(bytes);
        InFlight {
            _shares: shares,
            _feed: feed,
            metrics: Arc::clone(metrics),
            bytes,
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.metrics.in_flight_messages.dec();
        self.metrics.in_flight_bytes.sub(self.bytes);
    }
}

/// One connection's part of the room for frames that have not ended.
pub(super) struct Receiving {
    room: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
    gauge: IntGauge,
    /// Whether it waits for room just now.
    pub(super) waiting: bool,
}

impl Receiving {
    pub(super) fn new(room: Arc<Semaphore>, gauge: IntGauge) -> Receiving {
        Receiving {
            room,
            held: None,
            gauge,
            waiting: false,
        }
    }

    fn held(&self) -> usize {
        self.held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits)
    }

    /// Waits until it holds `bytes`. May be given up and begun again.
    pub(super) async fn grow(&mut self, bytes: usize) {
        self.waiting = false;
        let missing = bytes.saturating_sub(self.held());
        if missing == 0 {
            return;
        }
        self.waiting = true;
        let more = Arc::clone(&self.room)
            .acquire_many_owned(permits(missing))
            .await
            .ok();
        self.waiting = false;
        self.gauge.add(i64::try_from(missing).unwrap_or(i64::MAX));
        match (&mut self.held, more) {
            (Some(held), Some(more)) => held.merge(more),
            (held, more) => *held = more,
        }
    }

    /// Gives back what is more than `bytes`.
    pub(super) fn shrink(&mut self, bytes: usize) {
        let surplus = self.held().saturating_sub(bytes);
        if surplus > 0
            && let Some(held) = &mut self.held
        {
            drop(held.split(surplus));
            self.gauge.sub(i64::try_from(surplus).unwrap_or(i64::MAX));
        }
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

/// No frame is longer than the most that a semaphore gives at once; see `maxFrameBytes`.
fn permits(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
