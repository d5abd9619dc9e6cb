//! What renewing a listener's TLS counts.

use prometheus::{IntCounterVec, IntGaugeVec};

use super::force::InForce;
use crate::metrics::Metrics;

/// Of all listeners.
#[derive(Clone)]
pub(crate) struct TlsMetrics {
    reloads: IntCounterVec,
    rejected: IntGaugeVec,
    expiry: IntGaugeVec,
}

impl TlsMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<TlsMetrics, prometheus::Error> {
        Ok(TlsMetrics {
            reloads: metrics.counters(
                "kiln_listen_tls_reloads_total",
                "Changes of a listener's certificates, keys and revocation lists, by outcome: loaded or rejected.",
                &["listener", "outcome"],
            )?,
            rejected: metrics.gauges(
                "kiln_listen_tls_rejected",
                "1 while the files of a listener's TLS are wrong and older ones are in force.",
                &["listener"],
            )?,
            expiry: metrics.gauges(
                "kiln_listen_tls_expiry_timestamp_seconds",
                "When the listener's certificate ends, and when its first revocation list is due, in Unix time.",
                &["listener", "of"],
            )?,
        })
    }

    /// What a listener begins with, or has now.
    pub(super) fn in_force(&self, listener: &str, in_force: &InForce) {
        self.rejected.with_label_values(&[listener]).set(0);
        self.expiry
            .with_label_values(&[listener, "certificate"])
            .set(in_force.certificate.0);
        match in_force.lists {
            Some(due) => self
                .expiry
                .with_label_values(&[listener, "revocation-lists"])
                .set(due.0),
            // It was never there, or is there no more.
            None => drop(
                self.expiry
                    .remove_label_values(&[listener, "revocation-lists"]),
            ),
        }
    }

    pub(super) fn loaded(&self, listener: &str) {
        self.reloads.with_label_values(&[listener, "loaded"]).inc();
    }

    pub(super) fn rejected(&self, listener: &str) {
        self.reloads
            .with_label_values(&[listener, "rejected"])
            .inc();
        self.rejected.with_label_values(&[listener]).set(1);
    }
}
