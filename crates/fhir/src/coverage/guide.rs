//! The guide's rows, as `cargo xtask guide` digested them.

use super::report::TableKind;

/// Facts of one row. Texts are those of the guide's sheet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GuideRow {
    /// Row number in the sheet, from 1, headings included.
    pub(super) row: u32,
    /// `PID-3`, `CX.4`, `ADT_A01.PROCEDURE.PR1`, or a code.
    pub(super) field: &'static str,
    /// A target path, a resource, or a code; `None`: the guide maps it to nothing.
    pub(super) target: Option<&'static str>,
    pub(super) condition: &'static str,
    /// The row also has a condition in prose.
    pub(super) prose: bool,
    /// The segment or data type map that it applies.
    pub(super) map: &'static str,
    pub(super) codes: &'static str,
    /// The constant that it writes.
    pub(super) constant: Option<&'static str>,
}

pub(super) struct GuideTable {
    pub(super) kind: TableKind,
    pub(super) name: &'static str,
    pub(super) rows: Vec<GuideRow>,
}

/// Every table of the guide.
pub(super) fn tables() -> Vec<GuideTable> {
    let mut tables = Vec::new();
    for (kind, text) in [
        (TableKind::Message, include_str!("../../guide/messages.txt")),
        (TableKind::Segment, include_str!("../../guide/segments.txt")),
        (
            TableKind::DataType,
            include_str!("../../guide/datatypes.txt"),
        ),
        (
            TableKind::CodeSystem,
            include_str!("../../guide/codesystems.txt"),
        ),
    ] {
        read(kind, text, &mut tables);
    }
    tables
}

fn read(kind: TableKind, text: &'static str, tables: &mut Vec<GuideTable>) {
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("= ") {
            tables.push(GuideTable {
                kind,
                name,
                rows: Vec::new(),
            });
            continue;
        }
        let Some(table) = tables.last_mut() else {
            continue;
        };
        let mut columns = line.split('\t');
        let first = columns.next().unwrap_or_default();
        if first == "-" {
            while let (Some(row), Some(field)) = (columns.next(), columns.next()) {
                table.rows.push(GuideRow {
                    row: row.parse().unwrap_or_default(),
                    field,
                    ..GuideRow::default()
                });
            }
            table.rows.sort_by_key(|row| row.row);
        } else if let Ok(row) = first.parse() {
            let mut next = || columns.next().unwrap_or_default();
            table.rows.push(GuideRow {
                row,
                field: next(),
                target: Some(next()),
                condition: next(),
                prose: next() == "prose",
                map: next(),
                codes: next(),
                constant: unquoted(next()),
            });
        }
    }
}

fn unquoted(text: &'static str) -> Option<&'static str> {
    Some(text.strip_prefix('"')?.strip_suffix('"')?.trim())
}
