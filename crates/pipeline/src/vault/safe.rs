//! What stores hand records to before they keep them, and after they read them.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::data_key::{DataKey, OneUse};
use super::envelope;
use super::keys::{Keys, KeysError};
use crate::config::Config;
use crate::record::{Headers, Record, header};
use crate::store::StoreError;

/// Which stream a record is of. It stands in what its value is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The raw log, of either lane.
    Raw,
    /// Dead letters, and decisions about them.
    Dead,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Raw => "raw",
            Kind::Dead => "dead",
        }
    }
}

/// Encrypts what is kept and decrypts what is read; as it is where the configuration names no keys. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Vault(Option<Arc<Safe>>);

struct Safe {
    keys: RwLock<Keys>,
    data_key: Mutex<Option<DataKey>>,
}

impl Vault {
    /// With the keys that the configuration names, if it does.
    pub(crate) fn open(config: &Config) -> Result<Vault, StoreError> {
        let Some(path) = &config.key_file else {
            return Ok(Vault::default());
        };
        let keys = Keys::read(path).map_err(|error| StoreError::Keys(error.to_string()))?;
        Ok(Vault(Some(Arc::new(Safe {
            keys: RwLock::new(keys),
            data_key: Mutex::default(),
        }))))
    }

    /// Whether a key file is right, as it is now.
    pub(crate) fn check(path: &Path) -> Result<(), KeysError> {
        Keys::read(path).map(|_| ())
    }

    /// A record as it is kept.
    pub(crate) fn encrypted(&self, kind: Kind, record: Record) -> Result<Record, StoreError> {
        let Some(safe) = &self.0 else {
            return Ok(record);
        };
        let failed = |_| StoreError::Keys("the system gives no random numbers".to_owned());
        let by = safe.next_use().map_err(failed)?;
        let value = envelope::close(kind.name(), &record, &by).map_err(failed)?;
        Ok(Record {
            value: value.into(),
            headers: record.headers.with(header::ENCRYPTED_WITH, by.wrapped_by),
            key: record.key,
        })
    }

    /// A record as it was before it was kept. `place` says where it lies.
    pub(crate) fn decrypted(
        &self,
        kind: Kind,
        record: Record,
        place: impl FnOnce() -> String,
    ) -> Result<Record, StoreError> {
        let Some(id) = record.headers.get(header::ENCRYPTED_WITH) else {
            return Ok(record);
        };
        let key = self.0.as_ref().and_then(|safe| {
            let keys = safe.keys.read().unwrap_or_else(PoisonError::into_inner);
            keys.get(id).cloned()
        });
        let Some(key) = key else {
            return Err(StoreError::NoKey {
                place: place(),
                key: id.to_owned(),
            });
        };
        let value = envelope::open(kind.name(), &record, &key)
            .map_err(|_| StoreError::Altered { place: place() })?;
        let mut headers = Headers::new();
        for (name, value) in record.headers.iter() {
            if name != header::ENCRYPTED_WITH {
                headers.push(name, value);
            }
        }
        Ok(Record {
            key: record.key,
            value: value.into(),
            headers,
        })
    }

    /// The keys that are in force; none without encryption.
    pub(super) fn keys(&self) -> Option<Keys> {
        let safe = self.0.as_ref()?;
        let keys = safe.keys.read().unwrap_or_else(PoisonError::into_inner);
        Some(keys.clone())
    }

    /// Puts other keys in force. What is encrypted from now on is by their first.
    pub(super) fn put(&self, keys: Keys) {
        let Some(safe) = &self.0 else { return };
        *safe.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        *safe.data_key.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Safe {
    fn next_use(&self) -> Result<OneUse, ring::error::Unspecified> {
        let mut data_key = self.data_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = data_key.as_mut().filter(|known| !known.is_spent()) {
            return Ok(known.take());
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let (id, key) = keys.first();
        Ok(data_key.insert(DataKey::new(id, key)?).take())
    }
}
