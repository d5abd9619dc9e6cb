//! What a process tells of itself: written beside its work, which does not wait for it.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntCounter;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Event;
use crate::metrics::Metrics;
use crate::store::{Output, Store, Target};

/// Most events that wait to be written; further ones are counted and in the log only.
const JOURNAL_EVENTS: usize = 256;
/// Between two tries to write an event, and how often it is tried once the process stops.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
const LAST_TRIES: u32 = 3;

/// What writing the journal counts.
#[derive(Clone)]
pub(crate) struct JournalMetrics {
    unwritten: IntCounter,
}

impl JournalMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<JournalMetrics, prometheus::Error> {
        Ok(JournalMetrics {
            unwritten: metrics.counter(
                "kiln_audit_unwritten_total",
                "Events of this process that could not be written to the audit stream.",
            )?,
        })
    }
}

/// Takes events of this process.
#[derive(Clone)]
pub(crate) struct Journal {
    instance: Arc<str>,
    events: mpsc::Sender<Output>,
    metrics: JournalMetrics,
}

/// Writes them.
pub(crate) struct Scribe {
    events: mpsc::Receiver<Output>,
    metrics: JournalMetrics,
}

impl Journal {
    /// Of an instance; the scribe is to be run.
    pub(crate) fn new(instance: &str, metrics: JournalMetrics) -> (Journal, Scribe) {
        let (sender, events) = mpsc::channel(JOURNAL_EVENTS);
        let journal = Journal {
            instance: instance.into(),
            events: sender,
            metrics: metrics.clone(),
        };
        (journal, Scribe { events, metrics })
    }

    /// Who this process is.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }

    /// Takes an event; it is written when its turn comes.
    pub(crate) fn tell(&self, event: &Event<'_>) {
        let output = Output {
            target: Target::Audit,
            feed: self.instance.to_string(),
            record: event.record(&self.instance),
        };
        if self.events.try_send(output).is_err() {
            tracing::warn!(
                deed = event.deed.word(),
                "an audit event was not written: too many wait"
            );
            self.metrics.unwritten.inc();
        }
    }
}

impl Scribe {
    /// Writes events until `stop`, and then those that are left.
    pub(crate) async fn run(mut self, store: Arc<dyn Store>, stop: CancellationToken) {
        loop {
            let event = tokio::select! {
                biased;
                event = self.events.recv() => event,
                () = stop.cancelled() => None,
            };
            let Some(event) = event else { return };
            let mut tries = 0;
            while let Err(error) = store.keep(vec![event.clone()]).await {
                tracing::warn!(%error, "an audit event of this process is not written yet");
                tries += 1;
                if stop.is_cancelled() && tries >= LAST_TRIES {
                    self.metrics.unwritten.inc();
                    break;
                }
                tokio::select! {
                    () = stop.cancelled(), if tries < LAST_TRIES => {}
                    () = tokio::time::sleep(RETRY_INTERVAL) => {}
                }
            }
        }
    }
}
