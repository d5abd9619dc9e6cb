//! Which rows of the HL7 v2-to-FHIR guide the maps realise, and why the others are left out.

mod code;
mod field;
mod guide;
mod message;
mod report;
mod target;
mod values;

pub use report::{Coverage, RowCoverage, Status, TableCoverage, TableKind};
