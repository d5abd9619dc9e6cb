//! Which connections make room when instances were added. Senders keep theirs for weeks, so a new instance stays idle unless
//! the others ask some to come again.

use std::collections::BTreeMap;

/// How many connections each instance is to let go so that none has more than its share; those that have no more are left
/// out.
pub fn spread(connections: &BTreeMap<String, u32>) -> BTreeMap<String, u32> {
    let all: u64 = connections.values().copied().map(u64::from).sum();
    let share = all.div_ceil(connections.len().max(1) as u64);
    let share = u32::try_from(share).unwrap_or(u32::MAX);
    connections
        .iter()
        .filter(|(_, open)| **open > share)
        .map(|(name, open)| (name.clone(), open - share))
        .collect()
}
