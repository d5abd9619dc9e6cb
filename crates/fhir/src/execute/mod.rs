//! Running a plan: each resource is written in one pass into a reused buffer; what comes to nothing is cut off again.

mod code;
mod element;
mod instances;
mod issues;
mod item;
mod leaf;
mod reference;
mod resource;
mod resource_id;
mod run;
mod trace;
mod value;

pub(crate) use run::{Work, offset, run};
pub(crate) use trace::{Identified, Silent, Trace, Wrote};
