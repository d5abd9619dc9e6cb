//! The reading side: one partition, numbers for offsets.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::watch;

use super::log::{BULK_TRANSFORMED, Commit, Log, Progress, TRANSFORMED};
use super::raw_reader::{READ_STEP_BYTES, READ_STEP_MESSAGES, read};
use super::rights::Right;
use super::store::Inner;
use crate::sighting::Sighting;
use crate::store::{Batch, BatchLimits, Output, Source, StoreError};

pub(super) struct EmbeddedSource {
    /// The log that is read.
    log: Arc<Log>,
    /// Where outputs and position are committed.
    into: Arc<Inner>,
    /// Under which the position is kept.
    key: String,
    /// To move the position.
    right: Right,
    /// Where it begins as long as nothing is committed.
    begin: u64,
    /// Where a replay ends.
    until: Option<u64>,
    end: watch::Receiver<u64>,
    /// Number of the next message to read.
    next: u64,
    tail: usize,
    /// Whether the tail was delivered since the last rewind.
    gained: bool,
}

impl EmbeddedSource {
    pub(super) fn open(inner: Arc<Inner>, tail: usize) -> Result<EmbeddedSource, StoreError> {
        let log = Arc::clone(&inner.log);
        EmbeddedSource::of(log, inner, TRANSFORMED.to_owned(), 0, None, tail)
    }

    /// Reads the log of the bulk lane.
    pub(super) fn bulk(
        log: Arc<Log>,
        into: Arc<Inner>,
        tail: usize,
    ) -> Result<EmbeddedSource, StoreError> {
        EmbeddedSource::of(log, into, BULK_TRANSFORMED.to_owned(), 0, None, tail)
    }

    /// Reads to where the log ends now, at first from what may have been received at `since_ms`.
    pub(super) fn replay(
        log: Arc<Log>,
        into: Arc<Inner>,
        key: String,
        since_ms: Option<i64>,
        tail: usize,
    ) -> Result<EmbeddedSource, StoreError> {
        let begin = since_ms.map_or(Ok(0), |since_ms| log.begin(since_ms))?;
        let end = *log.end().borrow();
        EmbeddedSource::of(log, into, key, begin, Some(end), tail)
    }

    fn of(
        log: Arc<Log>,
        into: Arc<Inner>,
        key: String,
        begin: u64,
        until: Option<u64>,
        tail: usize,
    ) -> Result<EmbeddedSource, StoreError> {
        let next = into.log.position(&key)?.unwrap_or(begin);
        let end = log.end();
        Ok(EmbeddedSource {
            log,
            right: into.rights.take(&key),
            into,
            key,
            begin,
            until,
            end,
            next,
            tail,
            gained: false,
        })
    }
}

impl EmbeddedSource {
    /// What was sighted before the position.
    async fn tail(&self) -> Result<Vec<Sighting>, StoreError> {
        let mut from = self.next.saturating_sub(self.tail as u64);
        let mut tail = Vec::new();
        while from < self.next {
            let step = read(
                &self.log,
                from..self.next,
                READ_STEP_MESSAGES,
                READ_STEP_BYTES,
            )
            .await?;
            let Some(last) = step.last() else { break };
            from = u64::try_from(last.position.offset).unwrap_or(0) + 1;
            tail.extend(step.iter().map(Sighting::of));
        }
        Ok(tail)
    }
}

#[async_trait]
impl Source for EmbeddedSource {
    async fn next(&mut self, limits: BatchLimits) -> Result<Batch, StoreError> {
        let mut batch = Batch::default();
        if !self.gained {
            batch.gained = BTreeMap::from([(0, self.tail().await?)]);
            self.gained = true;
            return Ok(batch);
        }
        let next = self.next;
        if self.until.is_some_and(|until| next >= until) {
            batch.ended = vec![0];
            return Ok(batch);
        }
        let begun = tokio::time::timeout(limits.idle, self.end.wait_for(|end| *end > next)).await;
        match begun.map(|closed| closed.map(|_| ())) {
            Err(_) => return Ok(batch),
            Ok(Err(_)) => return Err(StoreError::Closed),
            Ok(Ok(())) => {}
        }
        let full = next + limits.messages as u64;
        // A batch that does not fill in time is as good.
        let _full = tokio::time::timeout(limits.wait, self.end.wait_for(|end| *end >= full))
            .await
            .is_ok();
        let end = self.until.unwrap_or(*self.end.borrow());
        batch.records = read(&self.log, next..end, limits.messages, limits.bytes).await?;
        if let Some(last) = batch.records.last() {
            self.next = u64::try_from(last.position.offset).unwrap_or(0) + 1;
        } else if let Some(until) = self.until {
            // What was left was removed by retention.
            self.next = until;
        }
        Ok(batch)
    }

    async fn commit(&mut self, outputs: Vec<Output>) -> Result<(), StoreError> {
        let progress = Progress {
            key: self.key.clone(),
            number: self.next,
        };
        self.into
            .commit(
                Some(self.right.clone()),
                Some(progress),
                outputs,
                Vec::new(),
            )
            .await?;
        if self.key == BULK_TRANSFORMED {
            // The position that counts is beside the outputs; this log's own only lets go of old messages.
            let progress = Progress {
                key: TRANSFORMED.to_owned(),
                number: self.next,
            };
            let let_go = Commit {
                progress: Some(progress),
                ..Commit::default()
            };
            if let Err(error) = self.log.commit(let_go).await {
                tracing::warn!(%error, "the bulk lane's log keeps more than it should");
            }
        }
        Ok(())
    }

    async fn rewind(&mut self) -> Result<(), StoreError> {
        self.next = self.into.log.position(&self.key)?.unwrap_or(self.begin);
        self.gained = false;
        Ok(())
    }

    fn assigned(&self) -> usize {
        1
    }

    fn unread(&self) -> u64 {
        self.end.borrow().saturating_sub(self.next)
    }
}
