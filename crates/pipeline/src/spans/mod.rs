//! Traces: a span for each message where it is received and one where it is transformed, under one trace id that travels in the
//! headers of its records by [W3C Trace Context](https://www.w3.org/TR/trace-context/). Spans name what identifies a message and
//! what came of it, never its content.
//!
//! ```text
//!  receive (listener) ──▶ transform, of the same trace: by `traceparent` in the raw record's headers
//!                          └▶ readers of outputs: by `traceparent` in theirs
//! ```

mod export;
mod tracer;

pub(crate) use export::SpanMetrics;
pub(crate) use tracer::{MessageSpan, Tracer, trace_id};
