//! How often new maps gave something else, by element.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kiln_pipeline::replay::{Became, Replayed};
use serde::Serialize;

use crate::differences::differences;
use crate::replay::outcome;

/// Most elements that are counted by name; further ones are counted together.
const MAX_CHANGES: usize = 200;

/// The counts of a running shadow.
pub(super) type Shared = Arc<Mutex<Counts>>;

/// What was compared since the start. Places and numbers, no values.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    /// Whether it reads the log.
    pub(super) reading: bool,
    /// Messages that were given to both maps.
    messages: u64,
    /// Those of them that gave something else.
    differing: u64,
    /// Those that the new maps cannot convert and the maps in force can.
    failing: u64,
    /// What differs, the most frequent first.
    changes: Vec<Change>,
    /// Differences in elements that have no place in the list any more.
    other_changes: u64,
}

/// One element, and how often it changed.
#[derive(Clone, Debug, Serialize)]
struct Change {
    /// `added`, `removed` or `changed`.
    kind: &'static str,
    /// `Patient.name.family`; a type for a whole resource; `message` for its outcome.
    element: String,
    count: u64,
}

impl Counts {
    fn add(&mut self, kind: &'static str, element: String) {
        let mut known = self.changes.iter_mut();
        let known = known.find(|known| known.kind == kind && known.element == element);
        if let Some(known) = known {
            known.count += 1;
        } else if self.changes.len() < MAX_CHANGES {
            self.changes.push(Change {
                kind,
                element,
                count: 1,
            });
        } else {
            self.other_changes += 1;
        }
    }
}

/// The log is read from now on.
pub(super) fn begun(counts: &Shared) {
    locked(counts).reading = true;
}

/// As they are now.
pub(super) fn read(counts: &Shared) -> Counts {
    let mut now = locked(counts).clone();
    now.changes
        .sort_by(|a, b| (b.count, &a.element, a.kind).cmp(&(a.count, &b.element, b.kind)));
    now
}

/// One message, by the maps in force and by the new ones.
pub(super) fn add(counts: &Shared, before: &Replayed, after: &Replayed) {
    let failing =
        matches!(after.became, Became::Dead(_)) && !matches!(before.became, Became::Dead(_));
    let found = differences(outcome(before), outcome(after));
    let mut counts = locked(counts);
    counts.messages += 1;
    counts.failing += u64::from(failing);
    counts.differing += u64::from(!found.is_empty());
    for difference in found {
        counts.add(difference.change, difference.element);
    }
}

fn locked(counts: &Shared) -> MutexGuard<'_, Counts> {
    counts.lock().unwrap_or_else(PoisonError::into_inner)
}
