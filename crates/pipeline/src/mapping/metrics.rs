//! What renewing the maps counts.

use prometheus::{IntCounterVec, IntGauge, Opts, Registry};

pub(crate) struct MappingMetrics {
    pub(crate) reloads: IntCounterVec,
    pub(crate) rejected: IntGauge,
}

impl MappingMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<MappingMetrics, prometheus::Error> {
        let metrics = MappingMetrics {
            reloads: IntCounterVec::new(
                Opts::new(
                    "kiln_mapping_reloads_total",
                    "Changes of the overlay's directory, by outcome: loaded or rejected.",
                ),
                &["outcome"],
            )?,
            rejected: IntGauge::new(
                "kiln_mapping_overlay_rejected",
                "1 while the overlay as it lies in its directory is wrong and an older one is in force.",
            )?,
        };
        for outcome in ["loaded", "rejected"] {
            metrics.reloads.with_label_values(&[outcome]);
        }
        registry.register(Box::new(metrics.reloads.clone()))?;
        registry.register(Box::new(metrics.rejected.clone()))?;
        Ok(metrics)
    }
}
