//! Places for connections by who holds them, so that one peer cannot take them all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections of one listener by who holds them. Only who holds one is remembered.
pub(super) struct Places<K: Hash + Eq + Clone> {
    most: usize,
    open: Mutex<HashMap<K, usize>>,
}

/// A place, for as long as this lives.
pub(super) struct Place<K: Hash + Eq + Clone> {
    places: Arc<Places<K>>,
    holder: K,
}

impl<K: Hash + Eq + Clone> Places<K> {
    pub(super) fn new(most: usize) -> Arc<Places<K>> {
        Arc::new(Places {
            most,
            open: Mutex::new(HashMap::new()),
        })
    }

    /// A place; none when the holder has as many as it may.
    pub(super) fn enter(self: &Arc<Self>, holder: K) -> Option<Place<K>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(holder.clone()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Place {
            places: Arc::clone(self),
            holder,
        })
    }
}

impl<K: Hash + Eq + Clone> Drop for Place<K> {
    fn drop(&mut self) {
        let mut open = self
            .places
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn a_place_that_is_left_can_be_taken_again_and_others_have_their_own() {
        let places = Places::new(2);
        let first = places.enter("lab");
        let second = places.enter("lab");
        assert!(first.is_some() && second.is_some());
        assert!(places.enter("lab").is_none());
        assert!(places.enter("ward").is_some());
        drop(first);
        assert!(places.enter("lab").is_some());
        assert_eq!(places.open.lock().map(|open| open.len()).ok(), Some(1));
    }
}
