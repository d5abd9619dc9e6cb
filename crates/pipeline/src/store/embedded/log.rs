//! The raw log: one thread owns the write side and gathers what all connections append into one durable transaction.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use redb::{ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction};
use tokio::sync::{mpsc, oneshot, watch};

use super::database::Database;
use super::directory;
use super::times::{self, Marks, Times};
use crate::audit::Head;
use crate::record::Record;
use crate::store::StoreError;
use crate::vault::{Kind, Vault};

/// Raw messages by sequence number, from 0.
pub(super) const RAW: TableDefinition<u64, &[u8]> = TableDefinition::new("raw");
/// Committed length of every output file.
const LENGTHS: TableDefinition<&str, u64> = TableDefinition::new("lengths");
/// The head of the chain of audit events, under [`AUDIT`].
const HEADS: TableDefinition<&str, &str> = TableDefinition::new("heads");
/// The number of the first message that was not transformed, under [`TRANSFORMED`], and of a replay under its own key.
const STATE: TableDefinition<&str, u64> = TableDefinition::new("state");

/// Most requests that wait for the writer; beyond it, appending waits.
const QUEUE_REQUESTS: usize = 4096;
/// Most requests in one transaction.
const GROUP_REQUESTS: usize = 1024;
/// Most messages that retention removes in one transaction.
const RETENTION_STEP: u64 = 4096;

/// The key of the head, and the writer that its chain is named after.
pub(super) const AUDIT: &str = "audit";
/// The key of transform's position.
pub(super) const TRANSFORMED: &str = "position";
/// The key of transform's position in the bulk lane, beside the outputs.
pub(super) const BULK_TRANSFORMED: &str = "position:bulk";

/// How far a reader of the log is: everything before `number` is done with.
pub(super) struct Progress {
    /// [`TRANSFORMED`] or that of a replay.
    pub(super) key: String,
    pub(super) number: u64,
}

/// A raw message as the log keeps it.
pub(super) struct Kept {
    bytes: Vec<u8>,
    received_at: i64,
}

/// What becomes durable as one.
#[derive(Default)]
pub(super) struct Commit {
    /// From a reader of the log: how far it is.
    pub(super) progress: Option<Progress>,
    /// The lengths of output files that grew.
    pub(super) lengths: BTreeMap<String, u64>,
    /// The head of the audit chain, if it grew.
    pub(super) head: Option<Head>,
    /// With decisions: the messages that they append.
    pub(super) raw: Vec<Kept>,
}

type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

enum Request {
    Append { message: Kept, reply: Reply<u64> },
    Commit { commit: Commit, reply: Reply<()> },
}

/// The raw log's handle.
pub(super) struct Log {
    database: Arc<Database>,
    /// None once the log is closing.
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<std::thread::JoinHandle<()>>,
    /// The number the next message will get; all before it are durable.
    end: watch::Receiver<u64>,
    vault: Vault,
    /// Where it lies.
    path: PathBuf,
}

impl Log {
    pub(super) fn open(
        directory: &Path,
        retain_messages: u64,
        vault: Vault,
    ) -> Result<Log, StoreError> {
        let database = Arc::new(Database::open(directory)?);
        let (next, times) = database.with(|database| {
            let transaction = database.begin_write()?;
            transaction.open_table(LENGTHS)?;
            transaction.open_table(HEADS)?;
            let next = next(&transaction)?;
            let times = Times::of(&transaction)?;
            transaction.commit()?;
            Ok((next, times))
        })?;
        let (requests, queue) = mpsc::channel(QUEUE_REQUESTS);
        let (end_sender, end) = watch::channel(next);
        let writer = Writer {
            database: Arc::clone(&database),
            retain_messages,
            times,
            end: end_sender,
        };
        let writer = std::thread::Builder::new()
            .name("kiln-log".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| StoreError::file(directory, &error))?;
        Ok(Log {
            database,
            requests: Some(requests),
            writer: Some(writer),
            end,
            vault,
            path: directory::log(directory),
        })
    }

    /// A message as it is kept.
    pub(super) fn kept(&self, record: Record) -> Result<Kept, StoreError> {
        let record = self.vault.encrypted(Kind::Raw, record)?;
        Ok(Kept {
            bytes: record.encode(),
            received_at: times::received_at(&record),
        })
    }

    /// The message of that number, out of the bytes of [`Log::read`].
    pub(super) fn message(&self, number: u64, bytes: &[u8]) -> Result<Record, StoreError> {
        let record = Record::decode(bytes)
            .ok_or_else(|| StoreError::Log(format!("message {number} is damaged")))?;
        let place = || format!("{}: message {number}", self.path.display());
        self.vault.decrypted(Kind::Raw, record, place)
    }

    /// Queues a message; the answer is its number, once durable.
    pub(super) async fn append(
        &self,
        record: Record,
    ) -> Result<oneshot::Receiver<Result<u64, StoreError>>, StoreError> {
        let message = self.kept(record)?;
        let (reply, answer) = oneshot::channel();
        self.send(Request::Append { message, reply })
            .await
            .map_err(|_| StoreError::Closed)?;
        Ok(answer)
    }

    /// Commits.
    pub(super) async fn commit(&self, commit: Commit) -> Result<(), StoreError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Commit { commit, reply };
        self.send(request).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    async fn send(&self, request: Request) -> Result<(), StoreError> {
        let requests = self.requests.as_ref().ok_or(StoreError::Closed)?;
        requests.send(request).await.map_err(|_| StoreError::Closed)
    }

    /// Changes whenever messages became durable.
    pub(super) fn end(&self) -> watch::Receiver<u64> {
        self.end.clone()
    }

    /// How far the reader of that key is; none when it has committed nothing.
    pub(super) fn position(&self, key: &str) -> Result<Option<u64>, StoreError> {
        self.database.with(|database| {
            let state = database.begin_read()?.open_table(STATE)?;
            Ok(state.get(key)?.map(|value| value.value()))
        })
    }

    /// The number of a message before which none was received at `since_ms` or later.
    pub(super) fn begin(&self, since_ms: i64) -> Result<u64, StoreError> {
        self.database
            .with(|database| times::begin(&database.begin_read()?, since_ms))
    }

    /// The committed length of every output file.
    pub(super) fn lengths(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        self.database.with(|database| {
            let table = database.begin_read()?.open_table(LENGTHS)?;
            let mut lengths = BTreeMap::new();
            for entry in table.iter()? {
                let (name, length) = entry?;
                lengths.insert(name.value().to_owned(), length.value());
            }
            Ok(lengths)
        })
    }

    /// The committed head of the audit chain; none before its first record.
    pub(super) fn head(&self) -> Result<Option<Head>, StoreError> {
        self.database.with(|database| {
            let heads = database.begin_read()?.open_table(HEADS)?;
            let kept = heads.get(AUDIT)?;
            Ok(kept.and_then(|text| Head::kept(text.value())))
        })
    }

    /// Messages from `from` to before `to`, at most `messages` and, beyond the first, `bytes`.
    pub(super) fn read(
        &self,
        from: u64,
        to: u64,
        messages: usize,
        bytes: usize,
    ) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        self.database.with(|database| {
            let raw = database.begin_read()?.open_table(RAW)?;
            let mut found: Vec<(u64, Vec<u8>)> = Vec::new();
            let mut size = 0;
            for entry in raw.range(from..to)?.take(messages) {
                let (number, record) = entry?;
                size += record.value().len();
                if size > bytes && !found.is_empty() {
                    break;
                }
                found.push((number.value(), record.value().to_vec()));
            }
            Ok(found)
        })
    }

    /// The last message for which `is_it` holds, among the last `within`.
    pub(super) fn last(
        &self,
        within: usize,
        is_it: impl Fn(&Record) -> bool,
    ) -> Result<Option<Record>, StoreError> {
        self.database.with(|database| {
            let raw = database.begin_read()?.open_table(RAW)?;
            for entry in raw.iter()?.rev().take(within) {
                let (number, bytes) = entry?;
                match self.message(number.value(), bytes.value()) {
                    Ok(record) if is_it(&record) => return Ok(Ok(Some(record))),
                    Ok(_) => {}
                    Err(error) => return Ok(Err(error)),
                }
            }
            Ok(Ok(None))
        })?
    }
}

impl Drop for Log {
    /// Waits for the last transaction, so that the directory is free once the store is gone.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

struct Writer {
    database: Arc<Database>,
    retain_messages: u64,
    times: Times,
    end: watch::Sender<u64>,
}

impl Writer {
    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut group = Vec::with_capacity(GROUP_REQUESTS);
        while queue.blocking_recv_many(&mut group, GROUP_REQUESTS) > 0 {
            let database = Arc::clone(&self.database);
            let outcome = database.with(|database| self.write(database, &group));
            if let Ok(written) = &outcome {
                self.end.send_replace(written.end);
            }
            let outcome = outcome.map(|written| written.start);
            let mut number = outcome.as_ref().copied().unwrap_or_default();
            // Who asked may be gone; the message is kept all the same.
            for request in group.drain(..) {
                match request {
                    Request::Append { reply, .. } => {
                        let _ = reply.send(outcome.clone().map(|_| number));
                        number += 1;
                    }
                    Request::Commit { commit, reply } => {
                        number += commit.raw.len() as u64;
                        let _ = reply.send(outcome.clone().map(|_| ()));
                    }
                }
            }
        }
    }

    /// One durable transaction for the whole group; the numbers that its messages got.
    fn write(
        &mut self,
        database: &redb::Database,
        group: &[Request],
    ) -> Result<Range<u64>, redb::Error> {
        let transaction = database.begin_write()?;
        // By the log itself: after a fault nobody else knows what became durable.
        let start = next(&transaction)?;
        let end = {
            let mut messages = Messages {
                raw: transaction.open_table(RAW)?,
                marks: self.times.marks(&transaction)?,
                next: start,
            };
            let mut table = transaction.open_table(LENGTHS)?;
            let mut heads = transaction.open_table(HEADS)?;
            for request in group {
                match request {
                    Request::Append { message, .. } => messages.append(message)?,
                    Request::Commit { commit, .. } => {
                        for message in &commit.raw {
                            messages.append(message)?;
                        }
                        for (name, length) in &commit.lengths {
                            table.insert(name.as_str(), length)?;
                        }
                        if let Some(head) = &commit.head {
                            heads.insert(AUDIT, head.text().as_str())?;
                        }
                        if let Some(Progress { key, number }) = &commit.progress {
                            let mut state = transaction.open_table(STATE)?;
                            state.insert(key.as_str(), number)?;
                            if key == TRANSFORMED {
                                messages.keep_from(number.saturating_sub(self.retain_messages))?;
                            }
                        }
                    }
                }
            }
            messages.next
        };
        transaction.commit()?;
        Ok(start..end)
    }
}

/// The raw messages, within one transaction.
struct Messages<'a> {
    raw: redb::Table<'a, u64, &'static [u8]>,
    marks: Marks<'a>,
    /// The number that the next one gets.
    next: u64,
}

impl Messages<'_> {
    fn append(&mut self, message: &Kept) -> Result<(), redb::Error> {
        self.raw.insert(self.next, message.bytes.as_slice())?;
        self.marks.append(self.next, message.received_at)?;
        self.next += 1;
        Ok(())
    }

    /// Removes those before `number`, so many at once.
    fn keep_from(&mut self, number: u64) -> Result<(), redb::Error> {
        for _ in 0..RETENTION_STEP {
            let first = self.raw.first()?.map(|(number, _)| number.value());
            match first {
                Some(first) if first < number => drop(self.raw.remove(first)?),
                _ => break,
            }
        }
        self.marks.forget_before(number)
    }
}

/// The number that the next message gets.
fn next(transaction: &WriteTransaction) -> Result<u64, redb::Error> {
    let raw = transaction.open_table(RAW)?;
    let state = transaction.open_table(STATE)?;
    let last = raw.last()?.map_or(0, |(key, _)| key.value() + 1);
    let position = state.get(TRANSFORMED)?.map_or(0, |value| value.value());
    Ok(last.max(position))
}
