//! Explaining a conversion: the plan that production runs, with a listener that remembers which row wrote what.

mod explanation;
mod leaves;
mod recorder;
mod told;
mod unused;

pub use explanation::{
    Asks, Element, ExplainedResource, Explanation, Identity, Note, OffsetFrom, RowPlace,
    SourcePlace, UnusedValue,
};
pub(crate) use told::explain;
