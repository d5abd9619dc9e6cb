//! Where messages and outputs are kept: one narrow interface, two homes.
//!
//! [`Store`] appends raw messages durably; [`Source`] reads them in order and commits outputs and position as one;
//! [`Reader`] reads outputs back. [`embedded`] and [`kafka`] implement them and pass the same conformance tests.

pub mod embedded;
mod error;
pub mod kafka;
mod raw_reader;
mod reader;
mod selection;
mod visit;

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use error::StoreError;
pub use raw_reader::{Begin, RawReader};
pub use reader::Reader;
pub use selection::{Selection, Stream};
pub use visit::Visit;

use crate::audit::Head;
use crate::config::{Config, Lane, StoreConfig};
use crate::record::Record;
use crate::sighting::Sighting;
use crate::vault::Vault;

/// Where a record lies in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The partition; 0 in the embedded store.
    pub partition: i32,
    /// The place within it.
    pub offset: i64,
}

/// `partition/offset`.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

/// What is no `partition/offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not of the form PARTITION/OFFSET, such as 0/17")]
pub struct NoPosition;

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Position, NoPosition> {
        let (partition, offset) = text.split_once('/').ok_or(NoPosition)?;
        Ok(Position {
            partition: partition.parse().map_err(|_| NoPosition)?,
            offset: offset.parse().map_err(|_| NoPosition)?,
        })
    }
}

/// Resolves once the record is durable: confirmed by all in-sync replicas, or within a committed transaction on disk.
pub type Receipt = Pin<Box<dyn Future<Output = Result<Position, StoreError>> + Send>>;

/// A raw message as it was kept.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RawRecord {
    /// Where it lies.
    pub position: Position,
    /// The message and its headers.
    pub record: Record,
}

/// An output of a batch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Output {
    /// Which stream it goes to.
    pub target: Target,
    /// The feed, by which outputs are ordered.
    pub feed: String,
    /// What is written.
    pub record: Record,
}

/// Where an output goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Target {
    /// A resource, by its type.
    Resource(String),
    /// A Bundle.
    Bundle,
    /// A dead letter.
    Dead,
    /// An audit event. The store puts it into a chain, of those of one partition of the raw log or of who commits it
    /// ([`crate::audit`]), in the commit that it is part of.
    Audit,
}

/// Bounds of one batch.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct BatchLimits {
    /// Most messages.
    pub messages: usize,
    /// Most bytes, unless one message alone is larger.
    pub bytes: usize,
    /// Longest wait for it to fill, once it has begun.
    pub wait: Duration,
    /// Longest wait for it to begin.
    pub idle: Duration,
}

/// What a source read.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Batch {
    /// Partitions that are no longer this instance's.
    pub lost: Vec<i32>,
    /// Partitions that are now, each with what was sighted in its tail: the raw messages before its committed position,
    /// oldest first.
    pub gained: BTreeMap<i32, Vec<Sighting>>,
    /// Raw messages, in order per partition.
    pub records: Vec<RawRecord>,
    /// Only of a replay: partitions of which everything was read.
    pub ended: Vec<i32>,
}

/// A reading of the raw log beside transform, with a position and outputs of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayJob {
    /// By which its position is known: a job of the same name goes on where the last one ended.
    pub name: String,
    /// What was received before this time, in milliseconds since 1970-01-01T00:00Z, need not be read. Only where the job
    /// has no position yet; none: from the log's beginning.
    pub since_ms: Option<i64>,
    /// Where its outputs go.
    pub into: ReplayInto,
}

/// Where the outputs of a replay go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReplayInto {
    /// Behind what was emitted.
    Same,
    /// Beside it: on Kafka the topics of a pipeline `<pipeline>.<name>`, on the embedded store the directory
    /// `shadows/<name>` in its own.
    Shadow(String),
}

/// Appends raw messages.
#[async_trait]
pub trait Store: Send + Sync {
    /// Queues a raw message behind those queued before, waiting for room; the receipt resolves once it is durable.
    async fn append(&self, record: Record) -> Result<Receipt, StoreError>;

    /// The last raw message of a feed that has a header of that name, among the last `within` messages of its partition.
    async fn last_of(
        &self,
        feed: &str,
        header: &str,
        within: usize,
    ) -> Result<Option<Record>, StoreError>;

    /// Keeps outputs outside of any batch, dead letters and audit events, as one; returns once they are durable.
    async fn keep(&self, outputs: Vec<Output>) -> Result<(), StoreError>;

    /// Whether the store answers.
    async fn probe(&self) -> Result<(), StoreError>;

    /// The reading side. `tail` is how many offsets before the position a gained partition's tail begins.
    async fn source(&self, tail: usize) -> Result<Box<dyn Source>, StoreError>;

    /// The reading side of a replay; `tail` as for [`Store::source`].
    async fn replay(&self, job: &ReplayJob, tail: usize) -> Result<Box<dyn Source>, StoreError>;

    /// The same of a lane.
    async fn replay_of(
        &self,
        lane: Lane,
        job: &ReplayJob,
        tail: usize,
    ) -> Result<Box<dyn Source>, StoreError> {
        match lane {
            Lane::Interactive => self.replay(job, tail).await,
            Lane::Bulk => {
                let bulk = self.bulk(false).await?;
                bulk.ok_or(StoreError::NoBulkLane)?.replay(job, tail).await
            }
        }
    }

    /// Reads the raw log of this handle's lane back, beside whoever else reads it, up to where it ends now.
    async fn read_raw(&self, begin: Begin) -> Result<Box<dyn RawReader>, StoreError>;

    /// The same store behind the raw log of the bulk lane: a log and a position of its own, the same outputs. None unless
    /// it is `needed` or there is such a log already.
    async fn bulk(&self, needed: bool) -> Result<Option<Arc<dyn Store>>, StoreError>;

    /// Takes the right to decide about dead letters: whoever had it before can commit nothing more, and what they
    /// committed can be read.
    async fn decider(&self) -> Result<Box<dyn Decider>, StoreError>;
}

/// Commits decisions about dead letters. One at a time has the right to.
#[async_trait]
pub trait Decider: Send {
    /// Appends raw messages to their lanes and commits outputs as one. On an error nothing of it is committed as far as
    /// this decider knows, and it is of no more use.
    ///
    /// The embedded bulk lane has a log of its own, which is appended to first: a crash in between leaves a letter
    /// appended and not decided, and what is appended for it once more is recognised as the same.
    async fn commit(
        &mut self,
        raw: Vec<(Lane, Record)>,
        outputs: Vec<Output>,
    ) -> Result<(), StoreError>;
}

/// Reads raw messages, commits outputs with the position.
#[async_trait]
pub trait Source: Send {
    /// The next messages; an empty batch when there was none within `limits.idle`.
    async fn next(&mut self, limits: BatchLimits) -> Result<Batch, StoreError>;

    /// Commits the outputs of everything read since the last commit, and the position, as one. On an error nothing of
    /// it is committed as far as this source knows: [`Source::rewind`] before going on.
    async fn commit(&mut self, outputs: Vec<Output>) -> Result<(), StoreError>;

    /// Goes back to the committed position. Partitions are delivered as gained once more.
    async fn rewind(&mut self) -> Result<(), StoreError>;

    /// How many partitions this instance reads.
    fn assigned(&self) -> usize;

    /// How many messages of its partitions were not read yet, as far as it knows.
    fn unread(&self) -> u64;
}

/// Writes audit events about the use of what is kept, in a chain of their own; returns once they are durable. Beside the
/// audit stream on the embedded store, in `disclosures/AuditEvent.ndjson`, since another process may have the store in use.
pub async fn disclose(config: &Config, events: Vec<Record>) -> Result<(), StoreError> {
    match &config.store {
        StoreConfig::Embedded(embedded) => {
            let directory = embedded.directory.clone();
            tokio::task::spawn_blocking(move || embedded::disclose(&directory, &events))
                .await
                .map_err(|_| StoreError::Closed)?
        }
        StoreConfig::Kafka(kafka) => {
            kafka::disclose(&config.name, &config.instance, kafka, events).await
        }
    }
}

/// How far the chains of audit events are, as it is kept apart from the events themselves; that of disclosures only on Kafka.
pub(crate) async fn audit_heads(config: &Config) -> Result<Vec<Head>, StoreError> {
    match &config.store {
        StoreConfig::Embedded(embedded) => embedded::audit_heads(&embedded.directory),
        StoreConfig::Kafka(kafka) => {
            kafka::audit_heads(&config.name, &config.instance, kafka).await
        }
    }
}

/// The file of audit events that lie beside the audit stream, where there is one.
pub(crate) fn disclosures(config: &Config) -> Option<PathBuf> {
    let StoreConfig::Embedded(embedded) = &config.store else {
        return None;
    };
    Some(embedded::disclosures(&embedded.directory)).filter(|path| path.exists())
}

/// Lets commands in to the embedded store that this process has; none on Kafka, where they need nobody.
pub(crate) fn host(config: &Config) -> Option<embedded::Host> {
    let StoreConfig::Embedded(embedded) = &config.store else {
        return None;
    };
    let bound = embedded::Host::bind(&embedded.directory);
    bound
        .inspect_err(|error| {
            tracing::warn!(%error, "`kiln dead retry`, `kiln dead drop` and `kiln replay` have to wait until this process has ended");
        })
        .ok()
}

/// Opens the store that the configuration names.
pub async fn open(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    open_with(config, Vault::open(config)?).await
}

/// The same with keys that are renewed while it is open.
pub(crate) async fn open_with(config: &Config, vault: Vault) -> Result<Arc<dyn Store>, StoreError> {
    match &config.store {
        StoreConfig::Embedded(embedded) => {
            Ok(Arc::new(embedded::EmbeddedStore::open(embedded, vault)?))
        }
        StoreConfig::Kafka(kafka) => {
            let store = kafka::KafkaStore::open(&config.name, &config.instance, kafka, vault);
            Ok(Arc::new(store.await?))
        }
    }
}
