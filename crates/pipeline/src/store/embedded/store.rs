//! The store's handle: appends, outputs from outside a batch, and the source.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;

use super::log::{Commit, Kept, Log, Progress, TRANSFORMED};
use super::outputs::Outputs;
use super::raw_reader::EmbeddedRawReader;
use super::rights::{Right, Rights};
use super::source::EmbeddedSource;
use crate::config::{EmbeddedConfig, Lane};
use crate::record::Record;
use crate::store::{
    Begin, Decider, Output, Position, RawReader, Receipt, ReplayInto, ReplayJob, Source, Store,
    StoreError,
};
use crate::vault::Vault;

/// The right to decide about dead letters.
const DECIDING: &str = "dead";

/// The embedded store.
pub struct EmbeddedStore {
    inner: Arc<Inner>,
    /// The raw log of the bulk lane, of the handle for that lane.
    bulk: Option<Arc<Log>>,
}

pub(super) struct Inner {
    pub(super) log: Arc<Log>,
    /// The raw log of the bulk lane, once it was needed.
    bulk: Mutex<Option<Arc<Log>>>,
    pub(super) rights: Rights,
    /// One writer of output files at a time, held until the transaction has answered.
    outputs: Arc<Mutex<Outputs>>,
    directory: PathBuf,
    retain_messages: u64,
    vault: Vault,
}

impl EmbeddedStore {
    /// Opens the directory, makes it when it is missing, and cuts off lines that were never committed.
    pub(crate) fn open(config: &EmbeddedConfig, vault: Vault) -> Result<EmbeddedStore, StoreError> {
        let directory = &config.directory;
        std::fs::create_dir_all(directory).map_err(|error| StoreError::file(directory, &error))?;
        let log = Log::open(directory, config.retain_messages, vault.clone())?;
        let outputs = Outputs::open(directory, log.lengths()?, log.head()?, vault.clone())?;
        let inner = Inner {
            log: Arc::new(log),
            bulk: Mutex::default(),
            rights: Rights::default(),
            outputs: Arc::new(Mutex::new(outputs)),
            directory: directory.clone(),
            retain_messages: config.retain_messages,
            vault,
        };
        Ok(EmbeddedStore {
            inner: Arc::new(inner),
            bulk: None,
        })
    }

    /// The raw log of this handle's lane.
    fn raw(&self) -> &Arc<Log> {
        self.bulk.as_ref().unwrap_or(&self.inner.log)
    }
}

impl Inner {
    /// The raw log of the bulk lane; none unless it is `needed` or there is one already.
    async fn bulk(&self, needed: bool) -> Result<Option<Arc<Log>>, StoreError> {
        let mut bulk = self.bulk.lock().await;
        let directory = super::directory::bulk(&self.directory);
        if bulk.is_none() && (needed || super::directory::log(&directory).exists()) {
            std::fs::create_dir_all(&directory)
                .map_err(|error| StoreError::file(&directory, &error))?;
            let log = Log::open(&directory, self.retain_messages, self.vault.clone())?;
            *bulk = Some(Arc::new(log));
        }
        Ok(bulk.clone())
    }

    /// Files first, then the transaction. Runs to its end even if the caller goes away: half a commit would leave the
    /// lengths in memory behind those on disk.
    pub(super) async fn commit(
        self: &Arc<Self>,
        right: Option<Right>,
        progress: Option<Progress>,
        outputs: Vec<Output>,
        raw: Vec<Kept>,
    ) -> Result<(), StoreError> {
        let inner = Arc::clone(self);
        let task = tokio::spawn(async move {
            let mut files = Arc::clone(&inner.outputs).lock_owned().await;
            if let Some(right) = right {
                inner.rights.held(&right)?;
            }
            let log = Arc::clone(&inner.log);
            let (mut files, written) = tokio::task::spawn_blocking(move || {
                let written = files.settle(&log).and_then(|()| files.write(&outputs));
                (files, written)
            })
            .await
            .map_err(|_| StoreError::Closed)?;
            let committed = match written {
                Ok(grown) => {
                    let commit = Commit {
                        progress,
                        lengths: grown.lengths.clone(),
                        head: grown.head.clone(),
                        raw,
                    };
                    inner.log.commit(commit).await.map(|()| grown)
                }
                Err(error) => Err(error),
            };
            match committed {
                Ok(grown) => {
                    // Committed is committed: a reader's hint that cannot be written is made up for next time.
                    if let Err(error) = files.committed(grown) {
                        tracing::warn!(%error, "readers do not see the latest lines yet");
                    }
                    Ok(())
                }
                Err(error) => {
                    files.doubt();
                    Err(error)
                }
            }
        });
        task.await.map_err(|_| StoreError::Closed)?
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn append(&self, record: Record) -> Result<Receipt, StoreError> {
        let answer = self.raw().append(record).await?;
        Ok(Box::pin(async move {
            let number = answer.await.map_err(|_| StoreError::Closed)??;
            Ok(Position {
                partition: 0,
                offset: i64::try_from(number).unwrap_or(i64::MAX),
            })
        }))
    }

    async fn last_of(
        &self,
        feed: &str,
        header: &str,
        within: usize,
    ) -> Result<Option<Record>, StoreError> {
        let log = Arc::clone(self.raw());
        let (feed, header) = (feed.to_owned(), header.to_owned());
        let is_it =
            move |record: &Record| record.key == feed && record.headers.get(&header).is_some();
        tokio::task::spawn_blocking(move || log.last(within, is_it))
            .await
            .map_err(|_| StoreError::Closed)?
    }

    async fn keep(&self, outputs: Vec<Output>) -> Result<(), StoreError> {
        self.inner.commit(None, None, outputs, Vec::new()).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let log = super::directory::log(&self.inner.directory);
        self.inner.log.position(TRANSFORMED)?;
        std::fs::metadata(&log)
            .map(|_| ())
            .map_err(|error| StoreError::file(&log, &error))
    }

    async fn source(&self, tail: usize) -> Result<Box<dyn Source>, StoreError> {
        let inner = Arc::clone(&self.inner);
        Ok(Box::new(match &self.bulk {
            None => EmbeddedSource::open(inner, tail)?,
            Some(log) => EmbeddedSource::bulk(Arc::clone(log), inner, tail)?,
        }))
    }

    async fn replay(&self, job: &ReplayJob, tail: usize) -> Result<Box<dyn Source>, StoreError> {
        let into = match &job.into {
            ReplayInto::Same => Arc::clone(&self.inner),
            ReplayInto::Shadow(name) => {
                let directory = super::directory::shadow(&self.inner.directory, name);
                let config = EmbeddedConfig {
                    directory,
                    retain_messages: EmbeddedConfig::DEFAULT_RETAIN_MESSAGES,
                };
                EmbeddedStore::open(&config, self.inner.vault.clone())?.inner
            }
        };
        let log = Arc::clone(self.raw());
        // Both lanes keep their positions in the same place; no job's name has a colon.
        let key = match self.bulk {
            None => format!("replay:{}", job.name),
            Some(_) => format!("replay:bulk:{}", job.name),
        };
        Ok(Box::new(EmbeddedSource::replay(
            log,
            into,
            key,
            job.since_ms,
            tail,
        )?))
    }

    async fn read_raw(&self, begin: Begin) -> Result<Box<dyn RawReader>, StoreError> {
        let log = Arc::clone(self.raw());
        Ok(Box::new(EmbeddedRawReader::open(log, begin)?))
    }

    async fn bulk(&self, needed: bool) -> Result<Option<Arc<dyn Store>>, StoreError> {
        let log = self.inner.bulk(needed).await?;
        Ok(log.map(|log| -> Arc<dyn Store> {
            Arc::new(EmbeddedStore {
                inner: Arc::clone(&self.inner),
                bulk: Some(log),
            })
        }))
    }

    async fn decider(&self) -> Result<Box<dyn Decider>, StoreError> {
        Ok(Box::new(EmbeddedDecider {
            right: self.inner.rights.take(DECIDING),
            inner: Arc::clone(&self.inner),
        }))
    }
}

struct EmbeddedDecider {
    inner: Arc<Inner>,
    right: Right,
}

#[async_trait]
impl Decider for EmbeddedDecider {
    async fn commit(
        &mut self,
        raw: Vec<(Lane, Record)>,
        outputs: Vec<Output>,
    ) -> Result<(), StoreError> {
        self.inner.rights.held(&self.right)?;
        let (mut here, mut in_bulk) = (Vec::new(), Vec::new());
        for (lane, record) in raw {
            match lane {
                Lane::Interactive => here.push(self.inner.log.kept(record)?),
                Lane::Bulk => in_bulk.push(record),
            }
        }
        if !in_bulk.is_empty() {
            let bulk = self.inner.bulk(false).await?;
            let bulk = bulk.ok_or(StoreError::NoBulkLane)?;
            let kept = in_bulk.into_iter().map(|record| bulk.kept(record));
            let commit = Commit {
                raw: kept.collect::<Result<_, _>>()?,
                ..Commit::default()
            };
            bulk.commit(commit).await?;
        }
        let right = Some(self.right.clone());
        self.inner.commit(right, None, outputs, here).await
    }
}
