//! Code tables, sorted for look-up.

use crate::maps::model;
use crate::plan::{Table, TableEntry};

pub(super) fn table(table: &model::CodeTable) -> Table {
    let codes = table
        .codes
        .iter()
        .map(|(source, code)| TableEntry {
            place: (code.file, code.line),
            of_site: code.file != table.file,
            source: source.clone(),
            code: code.code.clone(),
            display: code.display.clone(),
            system: code.system.clone(),
        })
        .collect();
    let of = table.of.as_deref().and_then(|of| of.strip_prefix("HL7"));
    let of = of.map(|number| format!("http://terminology.hl7.org/CodeSystem/v2-{number}"));
    Table::new(of, codes)
}
