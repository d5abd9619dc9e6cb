//! A site's overlay as read: changes to maps, and maps of its own.

use super::model::{Application, Code, Part, ResourceMap, Row};
use super::path::{SourcePath, Step};
use super::site::Filter;
use crate::options::UtcOffset;

/// Every change that an overlay makes, in the order of its files.
#[derive(Debug, Default)]
pub(crate) struct Overlay {
    pub(crate) fields: Vec<FieldChange>,
    pub(crate) tables: Vec<TableChange>,
    pub(crate) messages: Vec<MessageChange>,
    pub(crate) time_zone: Option<UtcOffset>,
    pub(crate) identifier_systems: Vec<(String, Code)>,
    pub(crate) filters: Vec<Filter>,
}

/// Where a change stands, and what it changes.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) file: usize,
    pub(crate) line: u32,
    /// The map.
    pub(crate) name: String,
    /// Instead of the map of that name, and not on top of it.
    pub(crate) replaces: bool,
}

/// A segment or data type map: rows on top of those that there are, or a map of its own.
#[derive(Debug)]
pub(crate) struct FieldChange {
    pub(crate) head: Head,
    pub(crate) of: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) removed: Vec<Removal>,
    /// Resources that the map is applied to as well: `Patient`, or `ADT_A01.Patient`.
    pub(crate) apply: Vec<(u32, String)>,
}

/// Rows to take out: by source, by target, or both.
#[derive(Debug)]
pub(crate) struct Removal {
    pub(crate) line: u32,
    pub(crate) from: Option<SourcePath>,
    pub(crate) to: Option<(Vec<Step>, String)>,
}

#[derive(Debug)]
pub(crate) struct TableChange {
    pub(crate) head: Head,
    pub(crate) default: Option<String>,
    pub(crate) codes: Vec<(String, Code)>,
}

#[derive(Debug)]
pub(crate) struct MessageChange {
    pub(crate) head: Head,
    pub(crate) events: Vec<String>,
    pub(crate) structure: Option<Vec<Part>>,
    /// Resources that are new, or stand for one of that name.
    pub(crate) resources: Vec<ResourceMap>,
    /// Maps that a resource is made from as well.
    pub(crate) applied: Vec<Applied>,
}

#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) line: u32,
    pub(crate) resource: String,
    pub(crate) from: Vec<Application>,
}
