//! The report: every row of the guide, and what became of it.

use super::{code, field, guide, message};
use crate::error::MapErrors;
use crate::mapper::MapSource;
use crate::maps::model::Maps;
use crate::maps::read;
use crate::maps::skip::Reason;

/// What a table of the guide is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TableKind {
    /// A message structure.
    Message,
    /// A segment.
    Segment,
    /// A data type.
    DataType,
    /// A code system.
    CodeSystem,
}

impl TableKind {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            TableKind::Message => "message",
            TableKind::Segment => "segment",
            TableKind::DataType => "data type",
            TableKind::CodeSystem => "code system",
        }
    }
}

/// Every table of the guide.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// In the guide's order: messages, segments, data types, code systems.
    pub tables: Vec<TableCoverage>,
}

/// One table of the guide.
#[derive(Clone, Debug)]
pub struct TableCoverage {
    /// What it is about.
    pub kind: TableKind,
    /// Its name, such as `PID[Patient]`.
    pub name: &'static str,
    /// Its rows, in order.
    pub rows: Vec<RowCoverage>,
}

/// One row of the guide.
#[derive(Clone, Debug)]
pub struct RowCoverage {
    /// Row number in the guide's sheet, from 1, headings included.
    pub row: u32,
    /// Field, component, segment of a message, or code, as the guide has it.
    pub field: &'static str,
    /// Target path, resource or code; `None`: the guide maps it to nothing.
    pub target: Option<&'static str>,
    /// The condition in the guide's grammar, or nothing.
    pub condition: &'static str,
    /// The guide has a condition in prose.
    pub prose: bool,
    /// The segment or data type table that the row names, or nothing.
    pub map: &'static str,
    /// The code table that the row names, or nothing.
    pub codes: &'static str,
    /// The constant that the row writes.
    pub constant: Option<&'static str>,
    /// What became of it.
    pub status: Status,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// A row of a map does what it says.
    Mapped {
        /// The map file.
        file: String,
        /// 1-based line.
        line: u32,
    },
    /// A map leaves it out.
    Skipped {
        /// Why.
        reason: Reason,
        /// What else the map says about it.
        note: Option<String>,
        /// The map file.
        file: String,
        /// 1-based line.
        line: u32,
    },
    /// The guide itself maps it to nothing.
    Untargeted,
    /// A code of FHIR that the guide gives no v2 code for: nothing to translate from, until a site's overlay has one.
    Unsourced,
    /// Neither mapped nor left out with a reason.
    Missing,
}

impl Coverage {
    /// Compares a set of maps with the guide.
    pub fn of(sources: &[MapSource<'_>]) -> Result<Coverage, MapErrors> {
        let mut errors = Vec::new();
        let maps = read::read(sources, &mut errors);
        if !errors.is_empty() {
            return Err(MapErrors(errors));
        }
        Ok(Coverage {
            tables: guide::tables()
                .into_iter()
                .map(|table| cover(&maps, &table))
                .collect(),
        })
    }

    /// All rows, with the table of each.
    pub fn rows(&self) -> impl Iterator<Item = (&TableCoverage, &RowCoverage)> {
        self.tables
            .iter()
            .flat_map(|table| table.rows.iter().map(move |row| (table, row)))
    }
}

fn cover(maps: &Maps, table: &guide::GuideTable) -> TableCoverage {
    let judge: Box<dyn Fn(&guide::GuideRow) -> Status> = match table.kind {
        TableKind::Message => {
            let table = message::Table::named(maps, table.name);
            Box::new(move |row| table.judge(row))
        }
        TableKind::Segment | TableKind::DataType => {
            let table = field::Table::named(maps, table.name);
            Box::new(move |row| table.judge(row))
        }
        TableKind::CodeSystem => {
            let table = code::Table::named(maps, table.name);
            Box::new(move |row| table.judge(row))
        }
    };
    let rows = table.rows.iter().map(|row| RowCoverage {
        row: row.row,
        field: row.field,
        target: row.target,
        condition: row.condition,
        prose: row.prose,
        map: row.map,
        codes: row.codes,
        constant: row.constant,
        status: if row.target.is_none() {
            Status::Untargeted
        } else if row.field.is_empty() && table.kind == TableKind::CodeSystem {
            Status::Unsourced
        } else {
            judge(row)
        },
    });
    TableCoverage {
        kind: table.kind,
        name: table.name,
        rows: rows.collect(),
    }
}
