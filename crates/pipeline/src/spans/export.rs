//! Spans on their way to a collector: through a bounded queue, so that a collector that is slow or gone costs spans and nothing
//! else.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use prometheus::IntCounterVec;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;

/// Most spans that wait to be exported; further ones are dropped and counted.
const MAX_SPANS: usize = 8192;
/// Most spans in one request.
const MAX_EXPORTED: usize = 512;
/// Longest wait for the collector's answer; at a stop there is one more request for what is left.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long spans wait for others to be exported with them.
const EXPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What exporting counts.
#[derive(Clone, Debug)]
pub(crate) struct SpanMetrics {
    spans: IntCounterVec,
}

impl SpanMetrics {
    pub(crate) fn new(metrics: &Metrics) -> Result<SpanMetrics, prometheus::Error> {
        let spans = metrics.counters(
            "kiln_trace_spans_total",
            "Spans that were sampled, by outcome: exported, failed or dropped.",
            &["outcome"],
        )?;
        for outcome in ["exported", "failed", "dropped"] {
            spans.with_label_values(&[outcome]);
        }
        Ok(SpanMetrics { spans })
    }

    fn count(&self, outcome: &str, spans: usize) {
        self.spans
            .with_label_values(&[outcome])
            .inc_by(spans as u64);
    }
}

/// Takes spans that have ended.
#[derive(Debug)]
pub(super) struct Queue {
    spans: mpsc::Sender<SpanData>,
    metrics: SpanMetrics,
}

/// Exports them.
pub(crate) struct Export {
    spans: mpsc::Receiver<SpanData>,
    exporter: SpanExporter,
    metrics: SpanMetrics,
}

/// A queue, and who empties it into the collector at `endpoint` (OTLP over HTTP, protobuf) when it is run.
pub(super) fn queue(
    endpoint: &str,
    resource: &Resource,
    metrics: SpanMetrics,
) -> Result<(Queue, Export), ExporterBuildError> {
    let client = HyperClient::with_default_connector(EXPORT_TIMEOUT, None);
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(client)
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
        .with_timeout(EXPORT_TIMEOUT)
        .build()?;
    exporter.set_resource(resource);
    let (sender, spans) = mpsc::channel(MAX_SPANS);
    let queue = Queue {
        spans: sender,
        metrics: metrics.clone(),
    };
    let export = Export {
        spans,
        exporter,
        metrics,
    };
    Ok((queue, export))
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.metrics.count("dropped", 1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl Export {
    /// Exports until `stop`, and then what is left, in requests of a bounded size.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut batch = Vec::with_capacity(MAX_EXPORTED);
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(EXPORT_INTERVAL) => {}
            }
            while let Ok(span) = self.spans.try_recv() {
                batch.push(span);
                if batch.len() == MAX_EXPORTED
                    && !self.export(&mut batch).await
                    && stop.is_cancelled()
                {
                    return;
                }
            }
            self.export(&mut batch).await;
        }
    }

    /// Exports a batch, once; false when that failed.
    async fn export(&self, batch: &mut Vec<SpanData>) -> bool {
        if batch.is_empty() {
            return true;
        }
        let count = batch.len();
        match self.exporter.export(std::mem::take(batch)).await {
            Ok(()) => {
                self.metrics.count("exported", count);
                true
            }
            Err(error) => {
                tracing::warn!(%error, count, "spans could not be exported");
                self.metrics.count("failed", count);
                false
            }
        }
    }
}
