//! The metrics of a process: each is made, registered and described in one step.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus::core::{Collector, Desc};
use prometheus::{
    Error, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// A metric as `/metrics` has it, whether or not it has a value yet. `METRICS.md` says what each is good for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Described {
    /// Its name.
    pub name: String,
    /// The names of its labels.
    pub labels: Vec<String>,
}

/// The metrics of a process.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    registry: Registry,
    described: Arc<Mutex<Vec<Described>>>,
}

impl Metrics {
    /// Takes a metric in, and gives it back to be counted by.
    pub(crate) fn register<C: Collector + Clone + 'static>(
        &self,
        collector: C,
    ) -> Result<C, Error> {
        self.take_in(collector.clone())?;
        Ok(collector)
    }

    fn take_in(&self, collector: impl Collector + 'static) -> Result<(), Error> {
        let described = |desc: &Desc| Described {
            name: desc.fq_name.clone(),
            labels: desc.variable_labels.clone(),
        };
        let new: Vec<Described> = collector.desc().into_iter().map(described).collect();
        self.registry.register(Box::new(collector))?;
        let mut all = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.extend(new);
        Ok(())
    }

    /// Takes in what is to be said of the process itself: its version, memory, files, threads and processor time.
    pub(crate) fn process(&self) -> Result<(), Error> {
        #[cfg(target_os = "linux")]
        self.take_in(prometheus::process_collector::ProcessCollector::for_self())?;
        self.gauges(
            "kiln_build_info",
            "1; the version is in the label.",
            &["version"],
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1);
        Ok(())
    }

    pub(crate) fn counter(&self, name: &str, help: &str) -> Result<IntCounter, Error> {
        self.register(IntCounter::new(name, help)?)
    }

    pub(crate) fn counters(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntCounterVec, Error> {
        self.register(IntCounterVec::new(Opts::new(name, help), labels)?)
    }

    pub(crate) fn gauge(&self, name: &str, help: &str) -> Result<IntGauge, Error> {
        self.register(IntGauge::new(name, help)?)
    }

    pub(crate) fn gauges(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
    ) -> Result<IntGaugeVec, Error> {
        self.register(IntGaugeVec::new(Opts::new(name, help), labels)?)
    }

    pub(crate) fn histograms(
        &self,
        name: &str,
        help: &str,
        labels: &[&str],
        buckets: Vec<f64>,
    ) -> Result<HistogramVec, Error> {
        self.register(HistogramVec::new(
            HistogramOpts::new(name, help).buckets(buckets),
            labels,
        )?)
    }

    /// All of them, by name.
    pub(crate) fn described(&self) -> Vec<Described> {
        let mut described = self
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        described.sort();
        described
    }

    pub(crate) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What `/metrics` says.
    pub(crate) fn text(&self) -> String {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .unwrap_or_default()
    }
}

/// Bounds of times that people wait for: 0.5 ms, doubled up to 16 s.
pub(crate) fn seconds() -> Vec<f64> {
    doubled(0.000_5, 16)
}

/// So many bounds, each twice the one before.
pub(crate) fn doubled(first: f64, count: i32) -> Vec<f64> {
    (0..count).map(|n| first * 2_f64.powi(n)).collect()
}
