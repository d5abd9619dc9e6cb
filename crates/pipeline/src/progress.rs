//! How far this process is: what it appended, and what its transform has committed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::Position;

/// How far this process is.
#[derive(Default)]
pub(crate) struct Progress {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    /// Last offset appended, by partition.
    appended: BTreeMap<i32, i64>,
    /// Last offset committed, by partition.
    committed: BTreeMap<i32, i64>,
}

impl Progress {
    pub(crate) fn appended(&self, position: Position) {
        self.raise(|state| &mut state.appended, position);
    }

    pub(crate) fn committed(&self, position: Position) {
        self.raise(|state| &mut state.committed, position);
    }

    fn raise(&self, of: impl Fn(&mut State) -> &mut BTreeMap<i32, i64>, position: Position) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let last = of(&mut state)
            .entry(position.partition)
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
                let behind = |(partition, offset): (&i32, &i64)| {
                    state.committed.get(partition) < Some(offset)
                };
                if !state.appended.iter().any(behind) {
                    return;
                }
            }
            changed.await;
        }
    }
}
