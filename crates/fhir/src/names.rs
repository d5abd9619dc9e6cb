//! What the standard calls segments, fields and components, as far as the HL7 v2-to-FHIR guide's tables name them.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What the standard calls a place, and what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceName {
    /// Such as `Patient Name`.
    pub name: &'static str,
    /// Such as `XPN`; empty for a segment, and where the guide does not say.
    pub data_type: &'static str,
}

/// By `PID`, `PID-5`, `XPN.1`.
static NAMES: LazyLock<HashMap<&'static str, PlaceName>> = LazyLock::new(|| {
    let lines = include_str!("../guide/names.txt").lines();
    lines
        .filter_map(|line| {
            let mut columns = line.split('\t');
            let (place, name) = (columns.next()?, columns.next()?);
            let data_type = columns.next().unwrap_or_default();
            Some((place, PlaceName { name, data_type }))
        })
        .collect()
});

/// The name of a segment (`PID`), a field (`PID-5`), or a component of a data type (`XPN.1`).
///
/// ```
/// let field = kiln_fhir::place_name("PID-5").unwrap();
/// assert_eq!((field.name, field.data_type), ("Patient Name", "XPN"));
/// assert_eq!(kiln_fhir::place_name("XPN.2").unwrap().name, "Given Name");
/// assert_eq!(kiln_fhir::place_name("ZPI-1"), None);
/// ```
pub fn place_name(place: &str) -> Option<PlaceName> {
    NAMES.get(place).copied()
}
