//! The spans of messages.

use std::collections::HashMap;
use std::time::SystemTime;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider, Span};

use super::export::{Export, SpanMetrics, queue};
use crate::config::{Config, TracesConfig};
use crate::failure::StartError;
use crate::record::{Record, header};

/// Makes spans; none when traces are off.
#[derive(Clone, Default)]
pub(crate) struct Tracer(Option<SdkTracer>);

/// The span of a message at one of its two places; it ends when it is dropped.
pub(crate) struct MessageSpan(Option<Span>);

impl Tracer {
    /// As the configuration says, with who exports the spans, to be run.
    pub(crate) fn new(
        config: &Config,
        metrics: SpanMetrics,
    ) -> Result<(Tracer, Option<Export>), StartError> {
        let Some(TracesConfig {
            endpoint,
            sampled_per_thousand,
        }) = &config.traces
        else {
            return Ok((Tracer::default(), None));
        };
        let resource = Resource::builder_empty()
            .with_service_name("kiln")
            .with_attributes([
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", config.instance.clone()),
                KeyValue::new("kiln.pipeline", config.name.clone()),
            ])
            .build();
        let (queue, export) = queue(endpoint, &resource, metrics)
            .map_err(|error| StartError::Traces(error.to_string()))?;
        let ratio = f64::from(*sampled_per_thousand) / 1000.0;
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
        let provider = SdkTracerProvider::builder()
            .with_sampler(sampler)
            .with_resource(resource)
            .with_span_processor(queue)
            .build();
        Ok((Tracer(Some(provider.tracer("kiln"))), Some(export)))
    }

    /// A trace begins: a listener has taken a frame.
    pub(crate) fn receive(&self, record: &Record) -> MessageSpan {
        self.span("receive", SpanKind::Server, record, &Context::new())
    }

    /// Of a message that is transformed: under the trace that its record names, else a new one.
    pub(crate) fn transform(&self, record: &Record) -> MessageSpan {
        if self.0.is_none() {
            return MessageSpan(None);
        }
        let carrier: HashMap<String, String> = record
            .headers
            .get(header::TRACEPARENT)
            .map(|parent| (header::TRACEPARENT.to_owned(), parent.to_owned()))
            .into_iter()
            .collect();
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier);
        self.span("transform", SpanKind::Consumer, record, &parent)
    }

    fn span(
        &self,
        name: &'static str,
        kind: SpanKind,
        record: &Record,
        parent: &Context,
    ) -> MessageSpan {
        let Some(tracer) = &self.0 else {
            return MessageSpan(None);
        };
        let mut span = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_start_time(SystemTime::now())
            .start_with_context(tracer, parent);
        if span.is_recording() {
            for (attribute, header) in [
                ("kiln.feed", header::FEED),
                ("kiln.sender", header::SENDER),
                ("kiln.listener", header::LISTENER),
                ("kiln.control_id", header::CONTROL_ID),
                ("kiln.message_type", header::MESSAGE_TYPE),
            ] {
                if let Some(value) = record.headers.get(header) {
                    span.set_attribute(KeyValue::new(attribute, value.to_owned()));
                }
            }
        }
        MessageSpan(Some(span))
    }
}

impl MessageSpan {
    /// As the header [`header::TRACEPARENT`] has it; none when traces are off.
    pub(crate) fn traceparent(&self) -> Option<String> {
        let context = self.0.as_ref()?.span_context().clone();
        let mut carrier = HashMap::new();
        let context = Context::new().with_remote_span_context(context);
        TraceContextPropagator::new().inject_context(&context, &mut carrier);
        carrier.remove(header::TRACEPARENT)
    }

    /// Whether it is one that is exported.
    pub(crate) fn is_recording(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(opentelemetry::trace::Span::is_recording)
    }

    /// What came of the message; nothing of its content.
    pub(crate) fn tell(&mut self, name: &'static str, value: impl Into<String>) {
        if let Some(span) = self.0.as_mut().filter(|span| span.is_recording()) {
            span.set_attribute(KeyValue::new(name, value.into()));
        }
    }

    /// That nothing good came of it, for that reason.
    pub(crate) fn fail(&mut self, reason: &'static str) {
        if let Some(span) = &mut self.0 {
            span.set_status(Status::error(reason));
        }
    }
}

/// The trace id of a record's trace, for the log; none where traces are off.
pub(crate) fn trace_id(record: &Record) -> Option<&str> {
    record.headers.get(header::TRACEPARENT)?.split('-').nth(1)
}
