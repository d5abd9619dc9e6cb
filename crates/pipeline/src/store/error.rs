//! What can go wrong in a store.

use std::path::PathBuf;

/// A fault of a store. Names the place and what to do, never content.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has the directory, and takes no commands.
    #[error("{} is in use by another process: stop it, or wait until it has ended", .directory.display())]
    Locked {
        /// The directory.
        directory: PathBuf,
    },
    /// A file operation failed.
    #[error("{}: {detail}", .path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        detail: String,
    },
    /// The embedded log failed.
    #[error("the embedded log: {0}")]
    Log(String),
    /// Kafka failed; worth trying again.
    #[error("Kafka: {0}")]
    Kafka(String),
    /// The brokers do not let this process in, or it does not trust them.
    #[error(
        "Kafka refuses this process ({0}): put right its credentials and certificates; their files are read again"
    )]
    Refused(String),
    /// A topic is missing and may not be created.
    #[error("topic {topic} does not exist: create it, or set store.kafka.topics.create")]
    NoTopic {
        /// The topic.
        topic: String,
    },
    /// Another instance took over, or this one was away for too long: the batch belongs to someone else now.
    #[error("fenced: another instance took over ({0})")]
    Fenced(String),
    /// The process that has the directory did not do what it was asked to.
    #[error("the `kiln serve` that has the directory: {0}")]
    Host(String),
    /// A command commits more at once than the process that has the directory takes.
    #[error("more than {most_bytes} bytes at once: choose a lower --rate")]
    TooLargeCommit {
        /// The bound.
        most_bytes: usize,
    },
    /// The keys of encryption cannot be used.
    #[error("store.encryption.keyFile: {0}")]
    Keys(String),
    /// A record is encrypted with a key that is not there.
    #[error(
        "{place} is encrypted with key {key}, which is not there: put it back in the file of store.encryption.keyFile, behind the first; nothing is lost meanwhile"
    )]
    NoKey {
        /// Where the record lies.
        place: String,
        /// The name of the key.
        key: String,
    },
    /// An encrypted record is not as it was kept.
    #[error(
        "{place} is not as it was kept: somebody changed the record or moved it there, or the storage is damaged; restore it"
    )]
    Altered {
        /// Where the record lies.
        place: String,
    },
    /// There is no log of the bulk lane.
    #[error("nothing was received in the bulk lane: no listener had `lane: bulk` here")]
    NoBulkLane,
    /// Topics were asked for where there are none.
    #[error("the embedded store has no topics: its directory is all there is")]
    NoTopics,
    /// The store is closing.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn file(path: &std::path::Path, error: &std::io::Error) -> StoreError {
        StoreError::File {
            path: path.to_owned(),
            detail: error.to_string(),
        }
    }
}
