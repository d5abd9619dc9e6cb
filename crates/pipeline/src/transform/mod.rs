//! Transforming: raw messages in batches, to FHIR, outputs and position committed as one.

mod audit;
mod convert;
mod dedupe;
mod lag;
mod metrics;
mod output;
mod run;

pub(crate) use convert::convert;
pub(crate) use dedupe::{Reach, Seen, Window};
pub(crate) use metrics::{LaneMetrics, TransformMetrics};
pub(crate) use output::{Writer, Written};
pub(crate) use run::{Transform, run};
