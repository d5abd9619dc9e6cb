//! What transforming counts.

use prometheus::{
    HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};

/// What transforming counts.
pub(crate) struct TransformMetrics {
    pub(crate) resources: IntCounterVec,
    pub(crate) dead: IntCounterVec,
    pub(crate) dropped: IntCounterVec,
    pub(crate) unmapped_codes: IntCounterVec,
    /// By lane, as the others that have a label of that name.
    pub(crate) messages: IntCounterVec,
    pub(crate) duplicates: IntCounter,
    pub(crate) reused_control_ids: IntCounter,
    /// Messages in the windows of duplicates of all partitions.
    pub(crate) window_messages: IntGaugeVec,
    pub(crate) faults: IntCounter,
    pub(crate) partitions: IntGaugeVec,
    pub(crate) batch_seconds: HistogramVec,
}

impl TransformMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<TransformMetrics, prometheus::Error> {
        let metrics = TransformMetrics {
            resources: IntCounterVec::new(
                Opts::new(
                    "kiln_transform_resources_total",
                    "Resources committed, by type.",
                ),
                &["type"],
            )?,
            dead: IntCounterVec::new(
                Opts::new(
                    "kiln_transform_dead_letters_total",
                    "Messages that became dead letters, by reason.",
                ),
                &["reason"],
            )?,
            dropped: IntCounterVec::new(
                Opts::new(
                    "kiln_transform_dropped_total",
                    "Messages dropped by the site's filters, by filter.",
                ),
                &["filter"],
            )?,
            unmapped_codes: IntCounterVec::new(
                Opts::new(
                    "kiln_transform_unmapped_codes_total",
                    "Codes that their table has no entry for, by field.",
                ),
                &["field"],
            )?,
            messages: IntCounterVec::new(
                Opts::new(
                    "kiln_transform_messages_total",
                    "Messages committed, by lane.",
                ),
                &["lane"],
            )?,
            duplicates: IntCounter::new("kiln_transform_duplicates_total", "Resends dropped.")?,
            reused_control_ids: IntCounter::new(
                "kiln_transform_reused_control_ids_total",
                "Messages with a control id that was used before for other bytes.",
            )?,
            window_messages: IntGaugeVec::new(
                Opts::new(
                    "kiln_transform_window_messages",
                    "Messages by which a resend is recognised; at most limits.dedupeMessages a partition.",
                ),
                &["lane"],
            )?,
            faults: IntCounter::new(
                "kiln_transform_faults_total",
                "Batches given up for a fault of the store.",
            )?,
            partitions: IntGaugeVec::new(
                Opts::new(
                    "kiln_transform_partitions",
                    "Partitions this instance reads, by lane.",
                ),
                &["lane"],
            )?,
            batch_seconds: HistogramVec::new(
                HistogramOpts::new(
                    "kiln_transform_batch_seconds",
                    "From reading a batch to its commit.",
                )
                .buckets(prometheus::exponential_buckets(0.001, 2.0, 14)?),
                &["lane"],
            )?,
        };
        registry.register(Box::new(metrics.resources.clone()))?;
        registry.register(Box::new(metrics.dead.clone()))?;
        registry.register(Box::new(metrics.dropped.clone()))?;
        registry.register(Box::new(metrics.unmapped_codes.clone()))?;
        registry.register(Box::new(metrics.messages.clone()))?;
        registry.register(Box::new(metrics.duplicates.clone()))?;
        registry.register(Box::new(metrics.reused_control_ids.clone()))?;
        registry.register(Box::new(metrics.window_messages.clone()))?;
        registry.register(Box::new(metrics.faults.clone()))?;
        registry.register(Box::new(metrics.partitions.clone()))?;
        registry.register(Box::new(metrics.batch_seconds.clone()))?;
        Ok(metrics)
    }
}
