//! What listening counts.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use super::closed::Closed;

/// Message types counted by name; further ones are counted as `other`, since senders choose them.
const MAX_COUNTED_TYPES: usize = 256;

/// What listening counts.
pub(crate) struct ListenMetrics {
    pub(crate) connections: IntGauge,
    pub(crate) in_flight_messages: IntGauge,
    pub(crate) in_flight_bytes: IntGauge,
    pub(crate) receiving_bytes: IntGauge,
    closed: IntCounterVec,
    received: IntCounterVec,
    pub(crate) acknowledged: IntCounterVec,
    pub(crate) refused: IntCounterVec,
    pub(crate) garbage_bytes: IntCounter,
    pub(crate) ack_seconds: Histogram,
    types: Mutex<HashSet<String>>,
}

impl ListenMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<ListenMetrics, prometheus::Error> {
        let counters = |name: &str, help: &str, label: &str| {
            IntCounterVec::new(Opts::new(name, help), &[label])
        };
        let metrics = ListenMetrics {
            connections: IntGauge::new("kiln_listen_connections", "Connections that are open.")?,
            in_flight_messages: IntGauge::new(
                "kiln_listen_in_flight_messages",
                "Messages that wait for the store.",
            )?,
            in_flight_bytes: IntGauge::new(
                "kiln_listen_in_flight_bytes",
                "Bytes of messages that wait for the store.",
            )?,
            receiving_bytes: IntGauge::new(
                "kiln_listen_receiving_bytes",
                "Bytes of messages that have not ended, beyond one read of each connection.",
            )?,
            closed: counters(
                "kiln_listen_connections_closed_total",
                "Connections closed, by reason.",
                "reason",
            )?,
            received: counters(
                "kiln_listen_messages_total",
                "Messages accepted, by type.",
                "type",
            )?,
            acknowledged: counters(
                "kiln_listen_acknowledgments_total",
                "Acknowledgments, by code.",
                "code",
            )?,
            refused: counters(
                "kiln_listen_refused_total",
                "Messages refused, by reason.",
                "reason",
            )?,
            garbage_bytes: IntCounter::new(
                "kiln_listen_garbage_bytes_total",
                "Bytes between frames.",
            )?,
            ack_seconds: Histogram::with_opts(
                HistogramOpts::new(
                    "kiln_listen_ack_seconds",
                    "From the end of a frame to its acknowledgment.",
                )
                .buckets(prometheus::exponential_buckets(0.000_5, 2.0, 16)?),
            )?,
            types: Mutex::default(),
        };
        registry.register(Box::new(metrics.connections.clone()))?;
        registry.register(Box::new(metrics.in_flight_messages.clone()))?;
        registry.register(Box::new(metrics.in_flight_bytes.clone()))?;
        registry.register(Box::new(metrics.receiving_bytes.clone()))?;
        registry.register(Box::new(metrics.closed.clone()))?;
        registry.register(Box::new(metrics.received.clone()))?;
        registry.register(Box::new(metrics.acknowledged.clone()))?;
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.garbage_bytes.clone()))?;
        registry.register(Box::new(metrics.ack_seconds.clone()))?;
        Ok(metrics)
    }

    pub(super) fn closed(&self, reason: Closed) {
        self.closed.with_label_values(&[reason.label()]).inc();
    }

    pub(crate) fn received(&self, message_type: &str) {
        let mut types = self.types.lock().unwrap_or_else(PoisonError::into_inner);
        let plain = message_type.len() <= 16
            && message_type
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'^');
        let known = types.contains(message_type);
        let counted = plain && (known || types.len() < MAX_COUNTED_TYPES);
        if counted && !known {
            types.insert(message_type.to_owned());
        }
        self.received
            .with_label_values(&[if counted { message_type } else { "other" }])
            .inc();
    }
}
