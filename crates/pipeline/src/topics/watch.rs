//! A running pipeline looks at its topics now and then.

use std::sync::Arc;
use std::time::Duration;

use prometheus::IntGauge;
use tokio::sync::watch::{Receiver, Sender, channel};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Drift, check};
use crate::config::Config;
use crate::metrics::Metrics;

/// How often. A change of a topic is the work of people.
const TOPICS_INTERVAL: Duration = Duration::from_secs(60);

/// What the last look found; none: there was none yet that the brokers answered.
#[derive(Clone)]
pub(crate) struct Standing(Receiver<Option<Arc<[Drift]>>>);

impl Standing {
    pub(crate) fn new() -> (Sender<Option<Arc<[Drift]>>>, Standing) {
        let (sender, receiver) = channel(None);
        (sender, Standing(receiver))
    }

    /// What is not as asked.
    pub(crate) fn drifted(&self) -> Option<Arc<[Drift]>> {
        self.0.borrow().clone()
    }
}

/// What the looks count.
pub(crate) struct TopicsMetrics {
    drifted: IntGauge,
}

impl TopicsMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<TopicsMetrics, prometheus::Error> {
        Ok(TopicsMetrics {
            drifted: metrics.gauge(
                "kiln_topics_drifted",
                "What of the topics is not as the configuration asks, at the last look.",
            )?,
        })
    }
}

/// Looks until `stop`. It asks what only administrators may be allowed to ask, so that a refusal is no fault of the
/// pipeline: it is told once, and what was found before stands.
pub(crate) async fn watch(
    config: Arc<Config>,
    standing: Sender<Option<Arc<[Drift]>>>,
    metrics: TopicsMetrics,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(TOPICS_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut answered = true;
    loop {
        let looked = tokio::select! {
            () = stop.cancelled() => return,
            looked = async { ticks.tick().await; check(&config).await } => looked,
        };
        match looked {
            Ok(found) => {
                answered = true;
                metrics
                    .drifted
                    .set(i64::try_from(found.drifted.len()).unwrap_or(i64::MAX));
                tell(&standing, found.drifted);
            }
            Err(error) => {
                if std::mem::replace(&mut answered, false) {
                    tracing::warn!(%error, "whether the topics are as asked is not known");
                }
            }
        }
    }
}

/// A line for each difference that is new.
fn tell(standing: &Sender<Option<Arc<[Drift]>>>, drifted: Vec<Drift>) {
    let before = standing.borrow().clone().unwrap_or_default();
    for drift in drifted.iter().filter(|drift| !before.contains(drift)) {
        tracing::warn!(%drift, remedy = drift.remedy(), "a topic is not as the configuration asks");
    }
    standing.send_replace(Some(drifted.into()));
}
