//! The connections of this process, and asking them to leave: all at a drain, some when load is to spread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::closed::Closed;

/// The connections of this process.
#[derive(Default)]
pub(crate) struct Connections {
    state: Mutex<State>,
    draining: CancellationToken,
    left: Notify,
}

#[derive(Default)]
struct State {
    next: u64,
    /// Those that were not asked to leave, by age.
    staying: BTreeMap<u64, CancellationToken>,
    open: usize,
}

impl Connections {
    /// Enters a connection.
    pub(super) fn enter(self: &Arc<Self>) -> Presence {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.open += 1;
        let leave = self.draining.child_token();
        state.staying.insert(number, leave.clone());
        drop(state);
        Presence {
            connections: Arc::clone(self),
            number,
            leave,
        }
    }

    /// Asks the `count` oldest connections to leave between messages; how many were asked.
    pub(crate) fn shed(&self, count: usize) -> usize {
        let mut state = self.state();
        let mut asked = 0;
        while asked < count
            && let Some((_, leave)) = state.staying.pop_first()
        {
            leave.cancel();
            asked += 1;
        }
        asked
    }

    /// Ends accepting, and asks every connection to leave between messages. There is no way back.
    pub(crate) fn drain(&self) {
        self.draining.cancel();
    }

    /// Cancelled by a drain.
    pub(crate) fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// How many are open.
    pub(crate) fn open(&self) -> usize {
        self.state().open
    }

    /// Resolves once none is open.
    pub(crate) async fn all_left(&self) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.open() == 0 {
                return;
            }
            left.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that is open, for as long as this lives.
pub(super) struct Presence {
    connections: Arc<Connections>,
    number: u64,
    leave: CancellationToken,
}

impl Presence {
    /// Cancelled when it is asked to leave.
    pub(super) fn leave(&self) -> &CancellationToken {
        &self.leave
    }

    /// Why it ends once it was asked to leave: because all are, or some.
    pub(super) fn left(&self) -> Closed {
        if self.connections.draining.is_cancelled() {
            Closed::Drained
        } else {
            Closed::Shed
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.staying.remove(&self.number);
        state.open -= 1;
        drop(state);
        self.connections.left.notify_waiters();
    }
}
