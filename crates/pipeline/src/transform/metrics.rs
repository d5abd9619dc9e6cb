//! What transforming counts.

use std::sync::Arc;

use jiff::Timestamp;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::lag::{Lag, LagMetrics};
use crate::config::Lane;
use crate::metrics::{Metrics, doubled, seconds};

/// What all lanes count.
pub(crate) struct TransformMetrics {
    pub(crate) resources: IntCounterVec,
    pub(crate) dead: IntCounterVec,
    pub(crate) dropped: IntCounterVec,
    pub(crate) unmapped_codes: IntCounterVec,
    messages: IntCounterVec,
    pub(crate) duplicates: IntCounter,
    pub(crate) reused_control_ids: IntCounter,
    window_messages: IntGaugeVec,
    faults: IntCounterVec,
    partitions: IntGaugeVec,
    batch_messages: HistogramVec,
    batch_seconds: HistogramVec,
    stage_seconds: HistogramVec,
    last_success: IntGaugeVec,
    lag: LagMetrics,
}

impl TransformMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<TransformMetrics, prometheus::Error> {
        Ok(TransformMetrics {
            resources: metrics.counters(
                "kiln_transform_resources_total",
                "Resources committed, by type.",
                &["type"],
            )?,
            dead: metrics.counters(
                "kiln_transform_dead_letters_total",
                "Messages that became dead letters, by reason.",
                &["reason"],
            )?,
            dropped: metrics.counters(
                "kiln_transform_dropped_total",
                "Messages dropped by the site's filters, by filter.",
                &["filter"],
            )?,
            unmapped_codes: metrics.counters(
                "kiln_transform_unmapped_codes_total",
                "Codes that their table has no entry for, by field.",
                &["field"],
            )?,
            messages: metrics.counters(
                "kiln_transform_messages_total",
                "Messages committed.",
                &["lane"],
            )?,
            duplicates: metrics.counter("kiln_transform_duplicates_total", "Resends dropped.")?,
            reused_control_ids: metrics.counter(
                "kiln_transform_reused_control_ids_total",
                "Messages with a control id that was used before for other bytes.",
            )?,
            window_messages: metrics.gauges(
                "kiln_transform_window_messages",
                "Messages by which a resend is recognised; at most limits.dedupeMessages a partition.",
                &["lane"],
            )?,
            faults: metrics.counters(
                "kiln_transform_faults_total",
                "Batches given up for a fault of the store.",
                &["lane"],
            )?,
            partitions: metrics.gauges(
                "kiln_transform_partitions",
                "Partitions this instance reads.",
                &["lane"],
            )?,
            batch_messages: metrics.histograms(
                "kiln_transform_batch_messages",
                "Messages in a batch.",
                &["lane"],
                doubled(1.0, 18),
            )?,
            batch_seconds: metrics.histograms(
                "kiln_transform_batch_seconds",
                "From reading a batch to its commit.",
                &["lane"],
                seconds(),
            )?,
            stage_seconds: metrics.histograms(
                "kiln_transform_stage_seconds",
                "The parts of a batch's time: convert and commit.",
                &["lane", "stage"],
                seconds(),
            )?,
            last_success: metrics.gauges(
                "kiln_transform_last_success_timestamp_seconds",
                "When a batch was last committed, or the log found to have nothing new, in Unix time.",
                &["lane"],
            )?,
            lag: LagMetrics::new(metrics)?,
        })
    }
}

/// What one lane counts.
pub(crate) struct LaneMetrics {
    pub(super) all: Arc<TransformMetrics>,
    pub(super) messages: IntCounter,
    /// Messages in the windows of duplicates of all partitions.
    pub(super) window_messages: IntGauge,
    pub(super) faults: IntCounter,
    pub(super) partitions: IntGauge,
    pub(super) batch_messages: Histogram,
    pub(super) batch_seconds: Histogram,
    pub(super) convert_seconds: Histogram,
    pub(super) commit_seconds: Histogram,
    pub(super) lag: Lag,
    last_success: IntGauge,
}

impl LaneMetrics {
    pub(crate) fn new(all: &Arc<TransformMetrics>, lane: Lane) -> LaneMetrics {
        let label = lane.label();
        let stage = |stage| all.stage_seconds.with_label_values(&[label, stage]);
        LaneMetrics {
            all: Arc::clone(all),
            messages: all.messages.with_label_values(&[label]),
            window_messages: all.window_messages.with_label_values(&[label]),
            faults: all.faults.with_label_values(&[label]),
            partitions: all.partitions.with_label_values(&[label]),
            batch_messages: all.batch_messages.with_label_values(&[label]),
            batch_seconds: all.batch_seconds.with_label_values(&[label]),
            convert_seconds: stage("convert"),
            commit_seconds: stage("commit"),
            lag: all.lag.of(lane),
            last_success: all.last_success.with_label_values(&[label]),
        }
    }

    /// The store answered, and what it gave is committed.
    pub(super) fn succeeded(&self) {
        self.last_success.set(Timestamp::now().as_second());
    }
}
