//! How far transform is behind: in messages, and in seconds at the moment of the question.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntGauge, IntGaugeVec, Opts};

use crate::config::Lane;
use crate::metrics::Metrics;

/// How far transform is behind, by lane.
pub(super) struct LagMetrics {
    messages: IntGaugeVec,
    seconds: LagSeconds,
}

/// How far one lane is behind.
pub(super) struct Lag {
    messages: IntGauge,
    oldest: Oldest,
}

/// When the oldest message that is not committed was received, in milliseconds since 1970-01-01T00:00Z.
type Oldest = Arc<Mutex<Option<i64>>>;

/// Its age at the moment of the question: that of a stalled transform rises.
#[derive(Clone)]
struct LagSeconds {
    gauges: GaugeVec,
    oldest: Arc<Mutex<BTreeMap<Lane, Oldest>>>,
}

impl LagMetrics {
    pub(super) fn new(metrics: &Metrics) -> Result<LagMetrics, prometheus::Error> {
        let opts = Opts::new(
            "kiln_transform_lag_seconds",
            "Age of the oldest message that is not committed, since it was received; 0 when there is none.",
        );
        Ok(LagMetrics {
            messages: metrics.gauges(
                "kiln_transform_lag_messages",
                "Messages that are not committed, of the partitions that this instance reads.",
                &["lane"],
            )?,
            seconds: metrics.register(LagSeconds {
                gauges: GaugeVec::new(opts, &["lane"])?,
                oldest: Arc::default(),
            })?,
        })
    }

    pub(super) fn of(&self, lane: Lane) -> Lag {
        let mut lanes = locked(&self.seconds.oldest);
        Lag {
            messages: self.messages.with_label_values(&[lane.label()]),
            oldest: Arc::clone(lanes.entry(lane).or_default()),
        }
    }
}

impl Lag {
    /// So many messages are not committed, the oldest of which was received then; where `oldest` is not known, as before.
    pub(super) fn set(&self, messages: u64, oldest: Option<i64>) {
        self.messages
            .set(i64::try_from(messages).unwrap_or(i64::MAX));
        let mut known = locked(&self.oldest);
        *known = oldest.or(*known).filter(|_| messages > 0);
    }
}

impl Collector for LagSeconds {
    fn desc(&self) -> Vec<&Desc> {
        self.gauges.desc()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let now = Timestamp::now().as_millisecond();
        for (lane, oldest) in locked(&self.oldest).iter() {
            let age_ms = locked(oldest).map_or(0, |oldest| now.saturating_sub(oldest).max(0));
            #[allow(clippy::cast_precision_loss)] // milliseconds of an age
            let seconds = age_ms as f64 / 1000.0;
            self.gauges.with_label_values(&[lane.label()]).set(seconds);
        }
        self.gauges.collect()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use jiff::Timestamp;

    use super::LagMetrics;
    use crate::config::Lane;
    use crate::metrics::Metrics;

    #[test]
    fn the_age_is_that_of_the_question_and_holds_while_nothing_is_committed() {
        let metrics = Metrics::default();
        let lag = LagMetrics::new(&metrics).unwrap().of(Lane::Bulk);
        let seconds = || -> f64 {
            let text = metrics.text();
            let series = "kiln_transform_lag_seconds{lane=\"bulk\"} ";
            let value = text.lines().find_map(|line| line.strip_prefix(series));
            value.unwrap().parse().unwrap()
        };
        assert!(seconds() < 0.001);
        lag.set(3, Some(Timestamp::now().as_millisecond() - 90_000));
        assert!((90.0..100.0).contains(&seconds()));
        // More came that was not read: the oldest is still the oldest.
        lag.set(5, None);
        assert!(seconds() >= 90.0);
        lag.set(0, Some(1));
        assert!(seconds() < 0.001);
    }
}
