//! Code tables, sorted for look-up.

use crate::json;
use crate::maps::model;
use crate::plan::{ReadyCoding, Table, TableEntry};

pub(super) fn table(table: &model::CodeTable) -> Table {
    let codes = table
        .codes
        .iter()
        .map(|(source, code)| {
            let texts = [
                Some(&code.code),
                code.display.as_ref(),
                code.system.as_ref(),
            ];
            let mut texts = texts.into_iter().flatten();
            TableEntry {
                place: (code.file, code.line),
                of_site: code.file != table.file,
                source: source.clone(),
                code: code.code.clone(),
                display: code.display.clone(),
                system: code.system.clone(),
                coding: ReadyCoding::new(
                    code.system.as_deref(),
                    &code.code,
                    code.display.as_deref(),
                ),
                plain: texts.all(|text| json::is_plain(text.as_bytes())),
            }
        })
        .collect();
    let of = table.of.as_deref().and_then(|of| of.strip_prefix("HL7"));
    let of = of.map(|number| format!("http://terminology.hl7.org/CodeSystem/v2-{number}"));
    Table::new(of, codes)
}
