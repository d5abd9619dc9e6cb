//! The loop of transform: read, convert, commit; after a fault, back to the committed position.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kiln_fhir::{Issue, IssueReason, UtcOffset};
use tokio_util::sync::CancellationToken;

use super::dedupe::{Reach, Seen, Window};
use super::metrics::LaneMetrics;
use super::output::{Writer, Written};
use crate::audit::{Deed, Event, Journal, Outcome};
use crate::config::{Lane, Layout, Limits};
use crate::mapping::Mapping;
use crate::progress::Progress;
use crate::record::header;
use crate::sighting::Sighting;
use crate::spans::{MessageSpan, Tracer, trace_id};
use crate::store::{Batch, BatchLimits, Output, Position, RawRecord, Source, StoreError, Target};

/// Longest wait for a batch to begin; also how soon a request to stop is seen.
const IDLE_WAIT: Duration = Duration::from_millis(200);
/// First and longest wait after a fault.
const BACKOFF_FIRST: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// What transform works with.
pub(crate) struct Transform {
    pub(crate) mapping: Mapping,
    pub(crate) layout: Layout,
    pub(crate) default_offset: UtcOffset,
    pub(crate) limits: Limits,
    /// Whose raw log it reads.
    pub(crate) lane: Lane,
    /// Name of the raw log in the `source` header.
    pub(crate) log: String,
    pub(crate) metrics: LaneMetrics,
    pub(crate) progress: Arc<Progress>,
    pub(crate) tracer: Tracer,
    /// Where it is told that partitions were taken over, and that this instance was fenced.
    pub(crate) journal: Journal,
    /// Whether the source works and has partitions, for `/readyz`.
    pub(crate) ready: Arc<AtomicBool>,
}

/// What a batch comes to.
#[derive(Default)]
struct Tally {
    messages: u64,
    duplicates: u64,
    reused: u64,
    dead: Vec<&'static str>,
    dropped: BTreeMap<String, u64>,
    /// Codes without an entry in their table, by path of the field.
    unmapped: BTreeMap<String, u64>,
    last: BTreeMap<i32, i64>,
    /// Those that are exported; they end with the commit.
    spans: Vec<MessageSpan>,
}

impl Tally {
    fn unmapped(&mut self, issues: &[Issue]) {
        for issue in issues {
            if issue.reason == IssueReason::UnmappedCode {
                *self.unmapped.entry(issue.path()).or_default() += 1;
            }
        }
    }
}

/// Transforms until `stop`; a batch that was read is committed first.
pub(crate) async fn run(
    transform: Transform,
    mut source: Box<dyn Source>,
    stop: CancellationToken,
) {
    let limits = BatchLimits {
        messages: transform.limits.batch_messages,
        bytes: transform.limits.batch_bytes,
        wait: transform.limits.batch_wait,
        idle: IDLE_WAIT,
    };
    let transform = Arc::new(transform);
    let mut windows = BTreeMap::new();
    let mut backoff = BACKOFF_FIRST;
    while !stop.is_cancelled() {
        match step(&transform, source.as_mut(), limits, &mut windows).await {
            Ok(()) => {
                backoff = BACKOFF_FIRST;
                transform
                    .ready
                    .store(source.assigned() > 0, Ordering::Relaxed);
                let metrics = &transform.metrics;
                metrics.partitions.set(count(source.assigned()));
                metrics.succeeded();
            }
            Err(error) => {
                transform.metrics.faults.inc();
                if let StoreError::Fenced(why) = &error {
                    transform.tell(Deed::Fenced, why);
                }
                transform.ready.store(false, Ordering::Relaxed);
                tracing::warn!(%error, retry_in_ms = backoff.as_millis(), "transform goes back to the committed position");
                // The entries of what was not committed must not outlive it.
                windows.clear();
                loop {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(backoff) => {}
                    }
                    backoff = (backoff * 2).min(BACKOFF_MAX);
                    match source.rewind().await {
                        Ok(()) => break,
                        Err(error) => tracing::warn!(%error, "the store does not answer"),
                    }
                }
            }
        }
    }
}

async fn step(
    transform: &Arc<Transform>,
    source: &mut dyn Source,
    limits: BatchLimits,
    windows: &mut BTreeMap<i32, Window>,
) -> Result<(), StoreError> {
    let batch = source.next(limits).await?;
    for partition in &batch.lost {
        windows.remove(partition);
    }
    if !batch.gained.is_empty() {
        let gained: Vec<String> = batch.gained.keys().map(i32::to_string).collect();
        transform.tell(Deed::Takeover, &format!("partitions {}", gained.join(", ")));
    }
    let metrics = &transform.metrics;
    let in_hand = batch.records.len() as u64;
    let received = |raw: &RawRecord| raw.record.header(header::RECEIVED_AT).parse().ok();
    let (oldest, newest) = (
        batch.records.iter().filter_map(received).min(),
        batch.records.iter().filter_map(received).max(),
    );
    metrics.lag.set(source.unread() + in_hand, oldest);
    if batch.records.is_empty() && batch.gained.is_empty() {
        return Ok(());
    }
    let started = Instant::now();
    let (mut taken, work) = (std::mem::take(windows), Arc::clone(transform));
    let (taken, outputs, mut tally) = tokio::task::spawn_blocking(move || {
        let (outputs, tally) = work.convert(batch, &mut taken);
        (taken, outputs, tally)
    })
    .await
    .map_err(|_| StoreError::Closed)?;
    *windows = taken;
    let held: usize = windows.values().map(Window::len).sum();
    metrics.window_messages.set(count(held));
    if tally.last.is_empty() {
        return Ok(());
    }
    let mut resources: BTreeMap<String, u64> = BTreeMap::new();
    for output in &outputs {
        match &output.target {
            Target::Resource(name) => *resources.entry(name.clone()).or_default() += 1,
            Target::Bundle => *resources.entry("Bundle".to_owned()).or_default() += 1,
            Target::Dead | Target::Audit => {}
        }
    }
    metrics
        .convert_seconds
        .observe(started.elapsed().as_secs_f64());
    let converted = Instant::now();
    if let Err(error) = source.commit(outputs).await {
        for span in &mut tally.spans {
            span.fail("not-committed");
        }
        return Err(error);
    }
    tally.spans.clear();
    metrics
        .commit_seconds
        .observe(converted.elapsed().as_secs_f64());
    // What comes next was received no earlier, or not much.
    metrics.lag.set(source.unread(), newest);
    transform.count(&tally, &resources, started);
    Ok(())
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Transform {
    fn tell(&self, deed: Deed, what: &str) {
        let mut event = Event::new(deed, jiff::Timestamp::now(), self.journal.instance());
        event.explained = Some(what);
        event.details.push(("log", &self.log));
        if deed == Deed::Fenced {
            event.outcome = Outcome::Failure;
        }
        self.journal.tell(&event);
    }

    /// Converts a batch. One bad message never stops or spoils it: a dead letter stands in its place.
    fn convert(&self, batch: Batch, windows: &mut BTreeMap<i32, Window>) -> (Vec<Output>, Tally) {
        let reach = Reach {
            messages: self.limits.dedupe_messages,
            time: self.limits.dedupe_time,
        };
        for (partition, tail) in batch.gained {
            let mut window = Window::new(reach);
            for sighting in &tail {
                window.see(sighting);
            }
            windows.insert(partition, window);
        }
        // One version of the maps for the whole batch.
        let mapper = self.mapping.mapper();
        let mut writer = Writer::new(&mapper, self.layout, self.default_offset, &self.log);
        let (mut outputs, mut tally) = (Vec::new(), Tally::default());
        for raw in &batch.records {
            let Position { partition, offset } = raw.position;
            tally.messages += 1;
            tally.last.insert(partition, offset);
            let mut span = self.tracer.transform(&raw.record);
            let traceparent = span.traceparent();
            let before = outputs.len();
            let window = windows
                .entry(partition)
                .or_insert_with(|| Window::new(reach));
            let seen = window.see(&Sighting::of(raw));
            if seen == Seen::SameControlId {
                tracing::info!(
                    partition,
                    offset,
                    feed = raw.record.key,
                    control_id = raw.record.header(header::CONTROL_ID),
                    trace_id = trace_id(&raw.record),
                    "a control id was used again for another message"
                );
                tally.reused += 1;
            }
            if seen == Seen::Duplicate {
                tally.duplicates += 1;
                writer.resent(raw, &mut outputs);
                span.tell("kiln.outcome", "resend");
            } else {
                match writer.write(raw, &mut outputs) {
                    Written::Resources => {
                        tally.unmapped(writer.conversion.issues());
                        span.tell("kiln.outcome", "resources");
                    }
                    Written::Dead(reason) => {
                        tally.dead.push(reason);
                        span.fail(reason);
                    }
                    Written::Dropped(filter) => {
                        span.tell("kiln.outcome", "dropped");
                        *tally.dropped.entry(filter).or_default() += 1;
                    }
                }
            }
            if let Some(traceparent) = traceparent {
                for output in &mut outputs[before..] {
                    let headers = &mut output.record.headers;
                    headers.push(header::TRACEPARENT, traceparent.as_str());
                }
            }
            if span.is_recording() {
                tally.spans.push(span);
            }
        }
        (outputs, tally)
    }

    fn count(&self, tally: &Tally, resources: &BTreeMap<String, u64>, started: Instant) {
        self.metrics.messages.inc_by(tally.messages);
        #[allow(clippy::cast_precision_loss)] // a number of messages
        self.metrics.batch_messages.observe(tally.messages as f64);
        let metrics = &self.metrics.all;
        metrics.duplicates.inc_by(tally.duplicates);
        metrics.reused_control_ids.inc_by(tally.reused);
        for reason in &tally.dead {
            metrics.dead.with_label_values(&[*reason]).inc();
        }
        for (filter, count) in &tally.dropped {
            metrics
                .dropped
                .with_label_values(&[filter.as_str()])
                .inc_by(*count);
        }
        for (path, count) in &tally.unmapped {
            metrics
                .unmapped_codes
                .with_label_values(&[path.as_str()])
                .inc_by(*count);
        }
        for (name, count) in resources {
            metrics
                .resources
                .with_label_values(&[name.as_str()])
                .inc_by(*count);
        }
        self.metrics
            .batch_seconds
            .observe(started.elapsed().as_secs_f64());
        for (partition, offset) in &tally.last {
            let position = Position {
                partition: *partition,
                offset: *offset,
            };
            self.progress.committed(self.lane, position);
        }
    }
}
