//! `kiln mapping coverage`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use clap::Args;
use kiln_fhir::{MapSource, RowCoverage, Status, TableCoverage};
use serde_json::json;

use crate::failure::Failure;
use crate::output::print;

/// Compare the maps with the HL7 v2-to-FHIR guide, row by row
#[derive(Debug, Args)]
#[command(
    long_about = "Lists every row of the HL7 v2-to-FHIR guide's message, segment, data type and code system tables as mapped, left out with a reason, or missing. A row is mapped when a map of that table takes the same field to the same FHIR element; constants and the values that the row's condition asks for must agree. One-sided rows are those that the guide itself maps to or from nothing. Row numbers are those of the guide's sheets.",
    after_help = "Examples:\n  kiln mapping coverage                             a summary of each table\n  kiln mapping coverage --table 'PID[Patient]'      every row of one table\n  kiln mapping coverage --missing --table PID       what is neither mapped nor left out, in the tables of PID\n  kiln mapping coverage --json | jq 'select(.status == \"skipped\")'"
)]
pub(crate) struct Coverage {
    /// Every row of this table, or of all tables that begin with it, such as PID
    #[arg(long, value_name = "NAME")]
    table: Option<String>,
    /// Only rows that are neither mapped nor left out with a reason
    #[arg(long)]
    missing: bool,
    /// One JSON object a row
    #[arg(long)]
    json: bool,
}

/// How many rows of which kind.
#[derive(Default)]
struct Count {
    mapped: usize,
    skipped: usize,
    one_sided: usize,
    missing: usize,
}

impl Count {
    fn add(&mut self, status: &Status) {
        match status {
            Status::Mapped { .. } => self.mapped += 1,
            Status::Skipped { .. } => self.skipped += 1,
            Status::Untargeted | Status::Unsourced => self.one_sided += 1,
            Status::Missing => self.missing += 1,
        }
    }
}

impl Coverage {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let coverage = kiln_fhir::Coverage::of(&MapSource::embedded()).map_err(Failure::stopped)?;
        let tables: Vec<&TableCoverage> = coverage
            .tables
            .iter()
            .filter(|table| {
                self.table.as_deref().is_none_or(|name| {
                    table.name == name || (!name.contains('[') && table.name.starts_with(name))
                })
            })
            .collect();
        if tables.is_empty() {
            return Err(Failure::wrong(format!(
                "the guide has no table {}; `kiln mapping coverage` lists them",
                self.table.as_deref().unwrap_or_default()
            )));
        }
        let mut out = Vec::new();
        let written = if self.json {
            self.write_json(&tables, &mut out)
        } else {
            self.write_text(&tables, &mut out)
        };
        written.map_err(|error| Failure::output(&error))?;
        print(&out)
    }

    fn wants(&self, row: &RowCoverage) -> bool {
        !self.missing || row.status == Status::Missing
    }

    fn write_json(&self, tables: &[&TableCoverage], out: &mut Vec<u8>) -> std::io::Result<()> {
        for table in tables {
            for row in table.rows.iter().filter(|row| self.wants(row)) {
                let (status, place) = match &row.status {
                    Status::Mapped { file, line } => ("mapped", Some((file, line))),
                    Status::Skipped { file, line, .. } => ("skipped", Some((file, line))),
                    Status::Untargeted => ("untargeted", None),
                    Status::Unsourced => ("unsourced", None),
                    Status::Missing => ("missing", None),
                };
                let (reason, note) = match &row.status {
                    Status::Skipped { reason, note, .. } => (Some(reason.name()), note.as_ref()),
                    _ => (None, None),
                };
                let line = json!({
                    "kind": table.kind.name(),
                    "table": table.name,
                    "row": row.row,
                    "field": row.field,
                    "target": row.target,
                    "condition": row.condition,
                    "prose": row.prose,
                    "map": row.map,
                    "codes": row.codes,
                    "constant": row.constant,
                    "status": status,
                    "reason": reason,
                    "note": note,
                    "file": place.map(|(file, _)| file),
                    "line": place.map(|(_, line)| line),
                });
                writeln!(out, "{line}")?;
            }
        }
        Ok(())
    }

    fn write_text(&self, tables: &[&TableCoverage], out: &mut Vec<u8>) -> std::io::Result<()> {
        let every_row = self.table.is_some() || self.missing;
        let mut kinds: BTreeMap<_, (usize, Count)> = BTreeMap::new();
        let mut reasons: BTreeMap<_, usize> = BTreeMap::new();
        writeln!(out, "mapped  left out  missing  one-sided  table")?;
        for table in tables {
            let mut count = Count::default();
            let kind = kinds.entry(table.kind).or_default();
            kind.0 += 1;
            for row in &table.rows {
                count.add(&row.status);
                kind.1.add(&row.status);
                if let Status::Skipped { reason, .. } = &row.status {
                    *reasons.entry(*reason).or_default() += 1;
                }
            }
            if self.missing && count.missing == 0 {
                continue;
            }
            line(out, &count, table.name)?;
            if every_row {
                for row in table.rows.iter().filter(|row| self.wants(row)) {
                    writeln!(out, "{}", described(row))?;
                }
            }
        }
        writeln!(out)?;
        for (kind, (tables, count)) in &kinds {
            line(out, count, &format!("{tables} {} tables", kind.name()))?;
        }
        if !reasons.is_empty() {
            writeln!(out, "\nleft out, by reason")?;
            for (reason, rows) in &reasons {
                let carried = if reason.carried() {
                    " (carried all the same)"
                } else {
                    ""
                };
                writeln!(out, "{rows:>6}  {}{carried}", reason.name())?;
            }
        }
        Ok(())
    }
}

fn line(out: &mut Vec<u8>, count: &Count, name: &str) -> std::io::Result<()> {
    writeln!(
        out,
        "{:>6}  {:>8}  {:>7}  {:>9}  {name}",
        count.mapped, count.skipped, count.missing, count.one_sided
    )
}

/// One row for people: row of the sheet, field, target, what else the guide says, and what became of it.
fn described(row: &RowCoverage) -> String {
    let mut text = format!("  row {:>3}  {}", row.row, row.field);
    if let Some(target) = row.target {
        text.push_str(" -> ");
        text.push_str(target);
    }
    if let Some(constant) = row.constant {
        let _ = write!(text, " = \"{constant}\"");
    }
    for (word, fact) in [("as", row.map), ("codes", row.codes), ("if", row.condition)] {
        if !fact.is_empty() {
            let _ = write!(text, "  {word} {fact}");
        }
    }
    if row.prose {
        text.push_str("  (prose condition)");
    }
    match &row.status {
        Status::Mapped { file, line } => {
            let _ = write!(text, "\n           mapped {file}:{line}");
        }
        Status::Skipped {
            reason,
            note,
            file,
            line,
        } => {
            let note = note
                .as_deref()
                .map(|note| format!(": {note}"))
                .unwrap_or_default();
            let _ = write!(
                text,
                "\n           left out, {}{note} {file}:{line}",
                reason.name()
            );
        }
        Status::Untargeted | Status::Unsourced => {}
        Status::Missing => text.push_str("\n           MISSING"),
    }
    text
}
