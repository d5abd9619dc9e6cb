//! What a site says beside its maps: time zone, identifier systems, filters.

use super::condition::Condition;
use super::path::SourcePath;
use crate::options::UtcOffset;

/// Name of the code table that holds the URIs of assigning authorities, by HD.1 or HD.2.
pub(crate) const AUTHORITIES: &str = "authorities";

#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) time_zone: Option<UtcOffset>,
    pub(crate) filters: Vec<Filter>,
}

/// Messages that a site drops.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) condition: Condition<SourcePath>,
}
