//! The database under a raw log. redb does nothing more with a file after the first fault of its disk, not even when a full
//! disk has room again: then it is opened anew, which brings back exactly what was committed.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use redb::DatabaseError;

use super::directory;
use crate::store::StoreError;

/// A database that outlives faults of its disk.
pub(super) struct Database {
    directory: PathBuf,
    /// None after a fault, until it is needed again.
    open: RwLock<Option<redb::Database>>,
}

impl Database {
    pub(super) fn open(directory: &Path) -> Result<Database, StoreError> {
        Ok(Database {
            directory: directory.to_owned(),
            open: RwLock::new(Some(open(directory)?)),
        })
    }

    /// Does some work. After a fault, what the work has committed may be durable or not.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&redb::Database) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let mut opened = self.open.read().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            drop(opened);
            self.open_again()?;
            opened = self.open.read().unwrap_or_else(PoisonError::into_inner);
        }
        let outcome = opened.as_ref().ok_or(StoreError::Closed).map(work)?;
        drop(opened);
        outcome.map_err(|error| {
            if matches!(error, redb::Error::Io(_) | redb::Error::PreviousIo) {
                self.close();
            }
            StoreError::Log(error.to_string())
        })
    }

    /// Waits for the work that others do, since a file that is open cannot be opened again.
    fn close(&self) {
        drop(
            self.open
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    fn open_again(&self) -> Result<(), StoreError> {
        let mut opened = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if opened.is_none() {
            *opened = Some(open(&self.directory)?);
            tracing::info!("the embedded log is open again after a fault of its disk");
        }
        Ok(())
    }
}

fn open(directory: &Path) -> Result<redb::Database, StoreError> {
    let path = directory::log(directory);
    redb::Database::create(&path).map_err(|error| match error {
        DatabaseError::DatabaseAlreadyOpen => StoreError::Locked {
            directory: directory.to_owned(),
        },
        other => StoreError::Log(format!("{}: {other}", path.display())),
    })
}
