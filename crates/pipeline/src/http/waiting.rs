//! The connections whose request has not come, so that the one that has waited longest makes room for a newcomer: who holds
//! connections open cannot keep a probe out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The connections whose request has not come, by age.
#[derive(Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    leave: BTreeMap<u64, CancellationToken>,
}

/// One of them, until its request has come.
pub(super) struct Entry {
    waiting: Arc<Waiting>,
    number: u64,
    leave: CancellationToken,
}

impl Waiting {
    pub(super) fn enter(self: &Arc<Self>) -> Entry {
        let mut state = self.state();
        let (number, leave) = (state.next, CancellationToken::new());
        state.next += 1;
        state.leave.insert(number, leave.clone());
        drop(state);
        Entry {
            waiting: Arc::clone(self),
            number,
            leave,
        }
    }

    /// Tells the one that has waited longest to leave; false when none waits.
    pub(super) fn push_out(&self) -> bool {
        let oldest = self.state().leave.pop_first();
        oldest.inspect(|(_, leave)| leave.cancel()).is_some()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    /// Cancelled when it is to leave.
    pub(super) fn leave(&self) -> CancellationToken {
        self.leave.clone()
    }

    /// Its request has come: it is let be.
    pub(super) fn came(&self) {
        self.waiting.state().leave.remove(&self.number);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.came();
    }
}
