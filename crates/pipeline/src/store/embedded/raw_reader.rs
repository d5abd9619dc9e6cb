//! Messages out of the raw log.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;

use super::log::Log;
use crate::store::{Begin, Position, RawReader, RawRecord, StoreError};

/// Most messages and bytes in memory at once, where all of a stretch is wanted.
pub(super) const READ_STEP_MESSAGES: usize = 1000;
pub(super) const READ_STEP_BYTES: usize = 8 * 1024 * 1024;

/// The messages of those numbers, at most `messages` and, beyond the first, `bytes`, and none behind one that cannot be read.
pub(super) async fn read(
    log: &Arc<Log>,
    numbers: Range<u64>,
    messages: usize,
    bytes: usize,
) -> Result<Vec<RawRecord>, StoreError> {
    let reading = Arc::clone(log);
    let found = tokio::task::spawn_blocking(move || {
        reading.read(numbers.start, numbers.end, messages, bytes)
    })
    .await
    .map_err(|_| StoreError::Closed)??;
    let mut read = Vec::with_capacity(found.len());
    for (number, bytes) in found {
        let record = match log.message(number, &bytes) {
            Ok(record) => record,
            Err(error) if read.is_empty() => return Err(error),
            // What lies before it goes its way first.
            Err(_) => break,
        };
        let offset = i64::try_from(number).unwrap_or(i64::MAX);
        read.push(RawRecord {
            position: Position {
                partition: 0,
                offset,
            },
            record,
        });
    }
    Ok(read)
}

pub(super) struct EmbeddedRawReader {
    log: Arc<Log>,
    /// Numbers of the messages that were not read yet.
    left: Range<u64>,
    read: VecDeque<RawRecord>,
}

impl EmbeddedRawReader {
    pub(super) fn open(log: Arc<Log>, begin: Begin) -> Result<EmbeddedRawReader, StoreError> {
        let start = match begin {
            Begin::Time(since_ms) => log.begin(since_ms)?,
            Begin::Position(Position { offset, .. }) => u64::try_from(offset).unwrap_or(0),
        };
        let end = *log.end().borrow();
        Ok(EmbeddedRawReader {
            log,
            left: start..end,
            read: VecDeque::new(),
        })
    }
}

#[async_trait]
impl RawReader for EmbeddedRawReader {
    async fn next(&mut self) -> Result<Option<RawRecord>, StoreError> {
        if self.read.is_empty() {
            let step = read(
                &self.log,
                self.left.clone(),
                READ_STEP_MESSAGES,
                READ_STEP_BYTES,
            )
            .await?;
            if let Some(last) = step.last() {
                self.left.start = u64::try_from(last.position.offset).unwrap_or(0) + 1;
            }
            self.read.extend(step);
        }
        Ok(self.read.pop_front())
    }
}
