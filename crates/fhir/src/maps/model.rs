//! The maps as read, before they are compiled.

use std::collections::HashMap;

use super::condition::Condition;
use super::path::{SourcePath, Step};
use super::site::Site;
use super::skip::Skip;

/// Every map of a set, by kind and name.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    pub(crate) files: Vec<String>,
    pub(crate) fields: HashMap<String, FieldMap>,
    pub(crate) tables: HashMap<String, CodeTable>,
    pub(crate) messages: Vec<MessageMap>,
    pub(crate) shared: HashMap<String, Shared>,
    pub(crate) site: Site,
}

/// What several message maps have in common: resources, and rows of the guide that are left out.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) file: usize,
    pub(crate) resources: Vec<ResourceMap>,
    pub(crate) skips: Vec<Skip>,
}

/// A segment or data type map.
#[derive(Debug)]
pub(crate) struct FieldMap {
    pub(crate) file: usize,
    pub(crate) line: u32,
    /// Applied to a segment; else to a value.
    pub(crate) segment: bool,
    pub(crate) of: String,
    pub(crate) to: String,
    pub(crate) rows: Vec<Row>,
    /// The guide's tables that the map stands for.
    pub(crate) tables: Vec<String>,
    pub(crate) skips: Vec<Skip>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) from: Option<SourcePath>,
    pub(crate) to: Vec<Step>,
    pub(crate) to_text: String,
    pub(crate) condition: Option<Condition<SourcePath>>,
    pub(crate) value: RowValue,
    pub(crate) codes: Option<String>,
    pub(crate) default: Option<String>,
    /// In an overlay: replaces every row to the same target, whatever it comes from.
    pub(crate) replaces: bool,
    /// The field whose repetitions the item repeats with, where it is not `from`.
    pub(crate) over: Option<SourcePath>,
}

#[derive(Clone, Debug)]
pub(crate) enum RowValue {
    As(Option<String>),
    Constant(String),
    Join(Vec<JoinPart>),
}

#[derive(Clone, Debug)]
pub(crate) enum JoinPart {
    Source(SourcePath),
    Literal(String),
}

#[derive(Debug)]
pub(crate) struct CodeTable {
    pub(crate) file: usize,
    /// The v2 table of the source codes; a site's own tables name none.
    pub(crate) of: Option<String>,
    pub(crate) default: Option<String>,
    pub(crate) codes: Vec<(String, Code)>,
    /// The guide's tables that the map stands for.
    pub(crate) tables: Vec<String>,
    pub(crate) skips: Vec<Skip>,
}

/// One row of a code table.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names)] // a code's code is what FHIR calls it
pub(crate) struct Code {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) code: String,
    pub(crate) display: Option<String>,
    pub(crate) system: Option<String>,
}

#[derive(Debug)]
pub(crate) struct MessageMap {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) events: Vec<String>,
    pub(crate) structure: Vec<Part>,
    pub(crate) resources: Vec<ResourceMap>,
    /// The guide's tables that the map stands for.
    pub(crate) tables: Vec<String>,
    pub(crate) skips: Vec<Skip>,
}

/// A segment or group of a message structure.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) repeats: bool,
    /// `None`: a segment.
    pub(crate) of: Option<Vec<Part>>,
}

#[derive(Clone, Debug)]
pub(crate) struct ResourceMap {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) per: String,
    pub(crate) from: Vec<Application>,
    pub(crate) condition: Option<Condition<SourcePath>>,
    pub(crate) mention: bool,
    /// Written even when nothing of the message fills it.
    pub(crate) bare: bool,
    pub(crate) id: Vec<Vec<IdPart>>,
    pub(crate) criteria: Option<SourcePath>,
    pub(crate) links: Vec<Link>,
}

#[derive(Clone, Debug)]
pub(crate) struct Application {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) map: String,
    /// The segment that it loops over, after the groups that lead there.
    pub(crate) each: Option<String>,
    pub(crate) condition: Option<Condition<SourcePath>>,
    pub(crate) links: Vec<Link>,
}

#[derive(Clone, Debug)]
pub(crate) enum IdPart {
    Source(SourcePath),
    Identifier(SourcePath),
    Entity(SourcePath),
}

#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) to: Vec<Step>,
    pub(crate) to_text: String,
    pub(crate) resource: String,
}
