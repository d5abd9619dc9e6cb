//! HL7v2 to FHIR R4: maps as data, compiled to a plan that writes JSON straight into a reused buffer.
//!
//! A [`Mapper`] is compiled once from YAML maps and shared by all workers; [`Mapper::convert`] turns one parsed message
//! into the resources that it states, held by a reused [`Conversion`].
//!
//! Guarantees: ids, order and bytes of the output are a pure function of message, maps and options; no clock and no
//! randomness. Once a [`Conversion`] is warm, converting allocates nothing. No message, however malformed, panics.
//!
//! This crate knows nothing of files, sockets, Kafka or time.

mod authority;
mod bundle;
mod compile;
mod conversion;
mod coverage;
mod definitions;
mod error;
mod execute;
mod explain;
mod filter;
mod group;
mod identity;
mod indent;
mod issue;
mod json;
mod mapper;
mod maps;
mod names;
mod nearest;
mod options;
mod place;
mod plan;
mod primitive;
mod profile;
mod split;
mod tree;

pub use conversion::{Conversion, Request, Resource};
pub use coverage::{Coverage, RowCoverage, Status, TableCoverage, TableKind};
pub use error::{ConvertError, MapError, MapErrors};
pub use explain::{
    Asks, Element, ExplainedResource, Explanation, Identity, Note, OffsetFrom, RowPlace,
    SourcePlace, UnusedValue,
};
pub use indent::indent;
pub use issue::{Issue, IssueReason};
pub use mapper::{MapSource, Mapper};
pub use maps::skip::Reason;
pub use names::{PlaceName, place_name};
pub use options::{ConvertOptions, ParseOffsetError, References, UtcOffset};
pub use profile::{ParseProfileError, Profile};
pub use uuid::Uuid;
