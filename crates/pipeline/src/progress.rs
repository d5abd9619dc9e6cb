//! How far this process is: what it appended, and what its transform has committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::config::Lane;
use crate::store::Position;

/// How far this process is.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    changed: Notify,
}

type Offsets = BTreeMap<(Lane, i32), i64>;

#[derive(Default)]
struct State {
    /// Last offset appended, by partition.
    appended: Offsets,
    /// Last offset committed, by partition.
    committed: Offsets,
}

impl Progress {
    pub(crate) fn appended(&self, lane: Lane, position: Position) {
        self.raise(|state| &mut state.appended, lane, position);
    }

    pub(crate) fn committed(&self, lane: Lane, position: Position) {
        self.raise(|state| &mut state.committed, lane, position);
    }

    fn raise(&self, of: impl Fn(&mut State) -> &mut Offsets, lane: Lane, position: Position) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let last = of(&mut state)
            .entry((lane, position.partition))
            .or_insert(position.offset);
        *last = (*last).max(position.offset);
        drop(state);
        self.changed.notify_waiters();
    }

    /// Resolves once all that was appended is committed.
    pub(crate) async fn caught_up(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let behind = |(place, offset): (&(Lane, i32), &i64)| {
                    state.committed.get(place) < Some(offset)
                };
                if !state.appended.iter().any(behind) {
                    return;
                }
            }
            changed.await;
        }
    }
}
