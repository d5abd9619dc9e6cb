//! What serving HTTP counts.

use prometheus::{IntCounterVec, IntGauge};

use crate::metrics::Metrics;

/// Why a connection ended; the label of `kiln_http_connections_closed_total`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// Its request was answered.
    Answered,
    /// Its request's head had not come within `HTTP_HEAD_TIMEOUT`.
    HeadTimeout,
    /// Its request's head had not come when another wanted its place.
    PushedOut,
    /// Every place was taken by a request that was being answered.
    TooMany,
    /// Its answer was not made and taken within its time.
    AnswerTimeout,
    /// The process stops.
    Stopped,
    /// It failed otherwise, or the peer went away.
    Broken,
}

impl Closed {
    fn label(self) -> &'static str {
        match self {
            Closed::Answered => "answered",
            Closed::HeadTimeout => "head-timeout",
            Closed::PushedOut => "pushed-out",
            Closed::TooMany => "too-many",
            Closed::AnswerTimeout => "answer-timeout",
            Closed::Stopped => "stopped",
            Closed::Broken => "broken",
        }
    }
}

#[derive(Clone)]
pub(crate) struct HttpMetrics {
    pub(super) connections: IntGauge,
    closed: IntCounterVec,
}

impl HttpMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<HttpMetrics, prometheus::Error> {
        Ok(HttpMetrics {
            connections: metrics.gauge(
                "kiln_http_connections",
                "Connections for health and metrics that are open.",
            )?,
            closed: metrics.counters(
                "kiln_http_connections_closed_total",
                "Connections for health and metrics that were closed, by reason.",
                &["reason"],
            )?,
        })
    }

    pub(super) fn closed(&self, reason: Closed) {
        self.closed.with_label_values(&[reason.label()]).inc();
    }
}
