//! Who may commit: of all that took the right of a name, the last. What Kafka does by the epochs of transactional ids.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::StoreError;

/// The rights that were taken, by name.
#[derive(Default)]
pub(super) struct Rights(Mutex<HashMap<String, u64>>);

/// A right, until somebody else takes it.
#[derive(Clone, Debug)]
pub(super) struct Right {
    name: String,
    epoch: u64,
}

impl Rights {
    /// Takes a right from whoever had it.
    pub(super) fn take(&self, name: &str) -> Right {
        let mut rights = self.rights();
        let epoch = rights.entry(name.to_owned()).or_default();
        *epoch += 1;
        Right {
            name: name.to_owned(),
            epoch: *epoch,
        }
    }

    /// That nobody else has taken it.
    pub(super) fn held(&self, right: &Right) -> Result<(), StoreError> {
        if self.rights().get(&right.name) == Some(&right.epoch) {
            Ok(())
        } else {
            Err(StoreError::Fenced(right.name.clone()))
        }
    }

    fn rights(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
