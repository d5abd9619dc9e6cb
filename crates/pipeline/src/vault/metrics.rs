//! What renewing the keys counts.

use prometheus::{IntCounterVec, IntGauge};

use crate::metrics::Metrics;

/// Of the key file.
pub(crate) struct VaultMetrics {
    pub(super) reloads: IntCounterVec,
    pub(super) rejected: IntGauge,
    pub(super) keys: IntGauge,
}

impl VaultMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<VaultMetrics, prometheus::Error> {
        Ok(VaultMetrics {
            reloads: metrics.counters(
                "kiln_encryption_reloads_total",
                "Changes of the key file, by outcome: loaded or rejected.",
                &["outcome"],
            )?,
            rejected: metrics.gauge(
                "kiln_encryption_rejected",
                "1 while the key file is wrong and the keys before are in force.",
            )?,
            keys: metrics.gauge(
                "kiln_encryption_keys",
                "Keys in force: the first encrypts, all decrypt.",
            )?,
        })
    }
}
