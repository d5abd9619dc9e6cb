//! What listening counts.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use kiln_hl7::AckCode;
use prometheus::{Histogram, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec};

use super::closed::Closed;
use crate::config::ListenerConfig;
use crate::metrics::{Metrics, doubled, seconds};

/// Message types counted by name; further ones are counted as `other`, since senders choose them.
const MAX_COUNTED_TYPES: usize = 256;

/// What all listeners count.
pub(crate) struct ListenMetrics {
    connections: IntGaugeVec,
    closed: IntCounterVec,
    accept_failures: IntCounterVec,
    in_flight_messages: IntGaugeVec,
    in_flight_bytes: IntGaugeVec,
    receiving_bytes: IntGaugeVec,
    received: IntCounterVec,
    acknowledged: IntCounterVec,
    refused: IntCounterVec,
    garbage_bytes: IntCounterVec,
    message_bytes: HistogramVec,
    store_seconds: HistogramVec,
    ack_seconds: HistogramVec,
    last_kept: IntGaugeVec,
    types: Mutex<HashSet<String>>,
}

impl ListenMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<ListenMetrics, prometheus::Error> {
        Ok(ListenMetrics {
            connections: metrics.gauges(
                "kiln_listen_connections",
                "Connections that are open.",
                &["listener"],
            )?,
            closed: metrics.counters(
                "kiln_listen_connections_closed_total",
                "Connections closed, by reason.",
                &["listener", "reason"],
            )?,
            accept_failures: metrics.counters(
                "kiln_listen_accept_failures_total",
                "Connections that the system could not give out, as without file descriptors.",
                &["listener"],
            )?,
            in_flight_messages: metrics.gauges(
                "kiln_listen_in_flight_messages",
                "Messages that wait for the store.",
                &["listener"],
            )?,
            in_flight_bytes: metrics.gauges(
                "kiln_listen_in_flight_bytes",
                "Bytes of messages that wait for the store.",
                &["listener"],
            )?,
            receiving_bytes: metrics.gauges(
                "kiln_listen_receiving_bytes",
                "Bytes of messages that have not ended, beyond one read of each connection.",
                &["listener"],
            )?,
            received: metrics.counters(
                "kiln_listen_messages_total",
                "Messages accepted, by type.",
                &["type"],
            )?,
            acknowledged: metrics.counters(
                "kiln_listen_acknowledgments_total",
                "Acknowledgments, by code.",
                &["listener", "code"],
            )?,
            refused: metrics.counters(
                "kiln_listen_refused_total",
                "Messages refused, by reason.",
                &["listener", "reason"],
            )?,
            garbage_bytes: metrics.counters(
                "kiln_listen_garbage_bytes_total",
                "Bytes between frames.",
                &["listener"],
            )?,
            message_bytes: metrics.histograms(
                "kiln_listen_message_bytes",
                "Lengths of messages.",
                &["listener"],
                doubled(256.0, 17),
            )?,
            store_seconds: metrics.histograms(
                "kiln_listen_store_seconds",
                "From handing a message to the store to its word that the message is durable.",
                &["listener"],
                seconds(),
            )?,
            ack_seconds: metrics.histograms(
                "kiln_listen_ack_seconds",
                "From the end of a frame to its acknowledgment.",
                &["listener"],
                seconds(),
            )?,
            last_kept: metrics.gauges(
                "kiln_listen_last_message_timestamp_seconds",
                "When the last message was accepted, in Unix time.",
                &["listener"],
            )?,
            types: Mutex::default(),
        })
    }

    fn counted_type<'a>(&self, message_type: &'a str) -> &'a str {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = message_type.len() <= 16
            && message_type
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'^');
        let known = types.contains(message_type);
        if !plain || (!known && types.len() == MAX_COUNTED_TYPES) {
            return "other";
        }
        if !known {
            types.insert(message_type.to_owned());
        }
        message_type
    }
}

/// What one listener counts.
pub(crate) struct ListenerMetrics {
    listener: String,
    all: Arc<ListenMetrics>,
    pub(super) connections: IntGauge,
    pub(super) accept_failures: IntCounter,
    pub(super) in_flight_messages: IntGauge,
    pub(super) in_flight_bytes: IntGauge,
    pub(super) receiving_bytes: IntGauge,
    pub(super) garbage_bytes: IntCounter,
    pub(super) store_seconds: Histogram,
    message_bytes: Histogram,
    ack_seconds: Histogram,
    last_kept: IntGauge,
}

impl ListenerMetrics {
    pub(crate) fn new(all: &Arc<ListenMetrics>, listener: &ListenerConfig) -> ListenerMetrics {
        let name = &[listener.name.as_str()];
        ListenerMetrics {
            listener: listener.name.clone(),
            all: Arc::clone(all),
            connections: all.connections.with_label_values(name),
            accept_failures: all.accept_failures.with_label_values(name),
            in_flight_messages: all.in_flight_messages.with_label_values(name),
            in_flight_bytes: all.in_flight_bytes.with_label_values(name),
            receiving_bytes: all.receiving_bytes.with_label_values(name),
            garbage_bytes: all.garbage_bytes.with_label_values(name),
            store_seconds: all.store_seconds.with_label_values(name),
            message_bytes: all.message_bytes.with_label_values(name),
            ack_seconds: all.ack_seconds.with_label_values(name),
            last_kept: all.last_kept.with_label_values(name),
        }
    }

    pub(super) fn closed(&self, reason: Closed) {
        let labels = &[self.listener.as_str(), reason.label()];
        self.all.closed.with_label_values(labels).inc();
    }

    /// A message that is durable.
    pub(super) fn received(&self, message_type: &str, bytes: usize) {
        let counted = self.all.counted_type(message_type);
        self.all.received.with_label_values(&[counted]).inc();
        #[allow(clippy::cast_precision_loss)] // a length
        self.message_bytes.observe(bytes as f64);
        self.last_kept.set(Timestamp::now().as_second());
    }

    pub(super) fn refused(&self, reason: &str) {
        let labels = &[self.listener.as_str(), reason];
        self.all.refused.with_label_values(labels).inc();
    }

    /// Answers that were written, so long after the end of their frame.
    pub(super) fn answered(&self, codes: impl Iterator<Item = AckCode>, seconds: f64) {
        for code in codes {
            let labels = &[self.listener.as_str(), code.as_str()];
            self.all.acknowledged.with_label_values(labels).inc();
        }
        self.ack_seconds.observe(seconds);
    }
}
