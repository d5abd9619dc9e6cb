//! One replay: reads, converts, commits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use kiln_fhir::{Mapper, UtcOffset};

use super::Choice;
use crate::config::{Config, Lane, Layout};
use crate::record::header;
use crate::sighting::Sighting;
use crate::store::{
    BatchLimits, Output, RawRecord, ReplayInto, ReplayJob, Source, StoreError, Target, Visit,
};
use crate::transform::{Reach, Seen, Window, Writer, Written};

/// Longest wait for a batch to begin; at the end of the log no longer than it takes to see that it is the end.
const IDLE_WAIT: Duration = Duration::from_millis(500);

/// A partition is done with after so many messages in a row that were received long after the last that is chosen.
const PAST_MESSAGES: usize = 1_000;

/// A replay.
pub struct Replayer {
    source: Box<dyn Source>,
    mapper: Arc<Mapper>,
    choice: Choice,
    job: ReplayJob,
    layout: Layout,
    default_offset: UtcOffset,
    limits: BatchLimits,
    reach: Reach,
    log: String,
    windows: BTreeMap<i32, Window>,
    ended: BTreeSet<i32>,
    /// How many messages in a row of each partition were past what is chosen.
    past: BTreeMap<i32, usize>,
    /// Whether it goes on with what comes behind the end.
    follows: bool,
}

/// A message, replayed.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The raw message.
    pub raw: RawRecord,
    /// What its outputs say in the header `source`.
    pub source: String,
    /// What it became.
    pub became: Became,
    /// Resources or a Bundle, and the dead letter; no audit event, since nothing was received.
    pub outputs: Vec<Output>,
}

/// What a message became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// Resources.
    Resources,
    /// A dead letter, for that reason.
    Dead(&'static str),
    /// Nothing: the filter of that name drops it.
    Dropped(String),
}

impl Replayed {
    pub(super) fn of(raw: RawRecord, writer: &mut Writer<'_>) -> Replayed {
        let mut outputs = Vec::new();
        let became = match writer.write(&raw, &mut outputs) {
            Written::Resources => Became::Resources,
            Written::Dead(reason) => Became::Dead(reason),
            Written::Dropped(filter) => Became::Dropped(filter),
        };
        outputs.retain(|output| output.target != Target::Audit);
        Replayed {
            source: format!("{}/{}", writer.log, raw.position),
            raw,
            became,
            outputs,
        }
    }
}

/// Outputs say by which replay they were written. Into the same streams no dead letter is written: there is one.
pub(super) fn mark(outputs: &mut Vec<Output>, into: &ReplayInto, name: &str) {
    if *into == ReplayInto::Same {
        outputs.retain(|output| output.target != Target::Dead);
    }
    for output in outputs {
        output.record.headers.push(header::REPLAY, name);
    }
}

impl Replayer {
    /// Begins, or goes on, with the messages of a lane that `choice` takes, at most `batch` of the log at once.
    ///
    /// # Errors
    /// When the store cannot be opened, as when another process has the embedded one and takes no commands; when there
    /// is no such lane.
    pub async fn open(
        config: &Config,
        mapper: Arc<Mapper>,
        lane: Lane,
        choice: Choice,
        job: ReplayJob,
        batch: usize,
    ) -> Result<Replayer, StoreError> {
        let visit = Visit::open(config).await?;
        let limits = &config.limits;
        let source = visit.replay(lane, &job, limits.dedupe_messages).await?;
        Ok(Replayer {
            source,
            mapper,
            choice,
            job,
            layout: config.layout,
            default_offset: config.time_zone(),
            limits: BatchLimits {
                messages: batch.clamp(1, limits.batch_messages),
                bytes: limits.batch_bytes,
                wait: limits.batch_wait,
                idle: IDLE_WAIT,
            },
            reach: Reach {
                messages: limits.dedupe_messages,
                time: limits.dedupe_time,
            },
            log: config.store.log(&config.name, lane),
            windows: BTreeMap::new(),
            ended: BTreeSet::new(),
            past: BTreeMap::new(),
            follows: false,
        })
    }

    /// The same without an end: it waits for what is appended to the log, and is never done.
    pub fn following(mut self) -> Replayer {
        self.follows = true;
        self
    }

    /// The next messages, and how many of the log were read for them; none once all was read that this instance is to
    /// read.
    pub async fn next(&mut self) -> Result<Option<(Vec<Replayed>, usize)>, StoreError> {
        if self.is_done() {
            return Ok(None);
        }
        let batch = self.source.next(self.limits).await?;
        for partition in &batch.lost {
            self.windows.remove(partition);
            self.ended.remove(partition);
            self.past.remove(partition);
        }
        for (partition, tail) in &batch.gained {
            let mut window = Window::new(self.reach);
            for sighting in tail {
                window.see(sighting);
            }
            self.windows.insert(*partition, window);
        }
        self.ended.extend(&batch.ended);
        for raw in &batch.records {
            let past = self.past.entry(raw.position.partition).or_default();
            *past = if self.choice.is_past(&raw.record) {
                *past + 1
            } else {
                0
            };
        }
        if batch.records.is_empty() && self.is_done() {
            return Ok(None);
        }
        let read = batch.records.len();
        Ok(Some((self.convert(batch.records), read)))
    }

    /// Whether nothing is left in any partition: its end is reached, or all that may be chosen is behind.
    fn is_done(&self) -> bool {
        let past = |partition: &&i32| {
            let in_a_row = self.past.get(*partition).copied().unwrap_or(0);
            in_a_row >= PAST_MESSAGES && !self.ended.contains(*partition)
        };
        let done = self.ended.len() + self.past.keys().filter(past).count();
        let assigned = self.source.assigned();
        !self.follows && assigned > 0 && done >= assigned
    }

    fn convert(&mut self, records: Vec<RawRecord>) -> Vec<Replayed> {
        let mapper = Arc::clone(&self.mapper);
        let mut writer = Writer::new(&mapper, self.layout, self.default_offset, &self.log);
        let mut all = Vec::new();
        for raw in records {
            let window = self
                .windows
                .entry(raw.position.partition)
                .or_insert_with(|| Window::new(self.reach));
            let seen = window.see(&Sighting::of(&raw));
            if seen == Seen::Duplicate || !self.choice.takes(&raw.record) {
                continue;
            }
            all.push(Replayed::of(raw, &mut writer));
        }
        all
    }

    /// Commits outputs and position.
    pub async fn commit(&mut self, messages: Vec<Replayed>) -> Result<(), StoreError> {
        let mut outputs: Vec<Output> = messages
            .into_iter()
            .flat_map(|message| message.outputs)
            .collect();
        mark(&mut outputs, &self.job.into, &self.job.name);
        self.source.commit(outputs).await
    }
}
