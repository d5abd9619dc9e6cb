//! Code tables, sorted for look-up.

use crate::maps::model;
use crate::plan::{Table, TableEntry};

pub(super) fn table(table: &model::CodeTable) -> Table {
    let mut codes: Vec<TableEntry> = table
        .codes
        .iter()
        .map(|(source, code)| TableEntry {
            place: (table.file, code.line),
            source: source.clone(),
            code: code.code.clone(),
            display: code.display.clone(),
            system: code.system.clone(),
        })
        .collect();
    codes.sort_by(|a, b| a.source.cmp(&b.source));
    Table { codes }
}
