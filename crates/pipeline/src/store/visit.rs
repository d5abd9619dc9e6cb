//! The store as a command works with it, beside a pipeline that may be running.

use std::sync::Arc;

use super::embedded::Guest;
use super::{Decider, ReplayJob, Source, Store, StoreError};
use crate::config::{Config, Lane, StoreConfig};

/// The store as a command works with it: of its own, or through the process that has the embedded one.
pub enum Visit {
    /// On Kafka, and on an embedded store that nobody else has.
    Own(Arc<dyn Store>),
    /// Through the process that has the directory.
    Guest(Guest),
}

impl Visit {
    /// Opens the store that the configuration names.
    ///
    /// # Errors
    /// When it cannot be opened; when another process has the embedded one and takes no commands.
    pub async fn open(config: &Config) -> Result<Visit, StoreError> {
        match (super::open(config).await, &config.store) {
            (Err(StoreError::Locked { .. }), StoreConfig::Embedded(embedded)) => {
                Guest::of(&embedded.directory).await.map(Visit::Guest)
            }
            (opened, _) => opened.map(Visit::Own),
        }
    }

    /// As [`Store::decider`].
    pub async fn decider(&self) -> Result<Box<dyn Decider>, StoreError> {
        match self {
            Visit::Own(store) => store.decider().await,
            Visit::Guest(guest) => guest.decider().await,
        }
    }

    /// As [`Store::replay`] of a lane.
    pub async fn replay(
        &self,
        lane: Lane,
        job: &ReplayJob,
        tail: usize,
    ) -> Result<Box<dyn Source>, StoreError> {
        match self {
            Visit::Own(store) => store.replay_of(lane, job, tail).await,
            Visit::Guest(guest) => guest.replay(lane, job, tail).await,
        }
    }
}
