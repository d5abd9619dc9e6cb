//! What renewing the maps counts.

use prometheus::{IntCounterVec, IntGauge};

use crate::metrics::Metrics;

pub(crate) struct MappingMetrics {
    pub(crate) reloads: IntCounterVec,
    pub(crate) rejected: IntGauge,
}

impl MappingMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<MappingMetrics, prometheus::Error> {
        let metrics = MappingMetrics {
            reloads: metrics.counters(
                "kiln_mapping_reloads_total",
                "Changes of the overlay's directory, by outcome: loaded or rejected.",
                &["outcome"],
            )?,
            rejected: metrics.gauge(
                "kiln_mapping_overlay_rejected",
                "1 while the overlay as it lies in its directory is wrong and an older one is in force.",
            )?,
        };
        for outcome in ["loaded", "rejected"] {
            metrics.reloads.with_label_values(&[outcome]);
        }
        Ok(metrics)
    }
}
