//! The last minutes of the process, read every second.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kiln_pipeline::Workings;
use tokio::sync::watch;

use super::reading::Reading;

/// How often the metrics are read.
const EVERY: Duration = Duration::from_secs(1);
/// Readings that rates and quantiles are taken over.
const WINDOW: usize = 11;
/// Points of a chart.
pub(super) const POINTS: usize = 120;

/// The last minutes, as they change.
pub(crate) type Watched = watch::Receiver<Arc<History>>;

/// What a chart shows of one second.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Point {
    /// Messages accepted a second.
    pub(super) accepted: f64,
    /// Messages committed a second.
    pub(super) committed: f64,
    /// 99th percentile of the time to the acknowledgment; 0 when there was none.
    pub(super) ack_seconds: f64,
    /// Age of the oldest message that is not committed.
    pub(super) lag_seconds: f64,
    pub(super) connections: f64,
}

/// The last minutes.
#[derive(Clone, Default)]
pub(crate) struct History {
    readings: VecDeque<Arc<Reading>>,
    pub(super) points: VecDeque<Point>,
}

impl History {
    /// The latest reading, and the one that rates are taken from.
    pub(super) fn span(&self) -> Option<(&Reading, &Reading)> {
        Some((self.readings.back()?, self.readings.front()?))
    }

    fn add(&mut self, reading: Reading) {
        self.readings.push_back(Arc::new(reading));
        if self.readings.len() > WINDOW {
            self.readings.pop_front();
        }
        if let Some((now, before)) = self.span() {
            let point = point(now, before);
            self.points.push_back(point);
        }
        if self.points.len() > POINTS {
            self.points.pop_front();
        }
    }
}

fn point(now: &Reading, before: &Reading) -> Point {
    let ack = |reading: &Reading| reading.buckets("kiln_listen_ack_seconds", None);
    Point {
        accepted: rate(now, before, "kiln_listen_messages_total", None),
        committed: rate(now, before, "kiln_transform_messages_total", None),
        ack_seconds: ack(now).since(&ack(before)).quantile(0.99).unwrap_or(0.0),
        lag_seconds: now.max("kiln_transform_lag_seconds", None),
        connections: now.sum("kiln_listen_connections", None),
    }
}

/// How much a counter rose a second.
pub(super) fn rate(now: &Reading, before: &Reading, name: &str, of: Option<(&str, &str)>) -> f64 {
    let seconds = now.at.duration_since(before.at).as_secs_f64();
    if seconds <= 0.0 {
        return 0.0;
    }
    (now.sum(name, of) - before.sum(name, of)) / seconds
}

/// Reads the metrics every second, until the pipeline stops.
pub(crate) fn watch(workings: &Workings) -> Watched {
    let (sender, watched) = watch::channel(Arc::default());
    let (registry, stop) = (workings.registry.clone(), workings.stop.clone());
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        let mut ticks = tokio::time::interval(EVERY);
        let mut history = History::default();
        loop {
            ticks.tick().await;
            history.add(Reading::of(&registry));
            sender.send_replace(Arc::new(history.clone()));
        }
    }));
    watched
}
