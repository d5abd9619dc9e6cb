//! `kiln dead list`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use clap::Args;
use serde_json::json;

use super::groups::{Group, Groups};
use super::letters::{self, Wanted};
use super::words::{shown, time};
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Count dead letters by reason, feed and type
#[derive(Debug, Args)]
#[command(
    long_about = "Counts the dead letters that nothing was decided about, by reason, feed and type, the most frequent first, with the times the first and the last were received (UTC). It shows nothing of what the messages say.",
    after_help = "Examples:\n  kiln dead list --dir kiln-data\n  kiln dead list --config kiln.yaml --feed lab --json"
)]
pub(super) struct List {
    #[command(flatten)]
    wanted: Wanted,
    /// Count also those that were retried or dropped
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<(), Failure> {
        let groups = interrupt::runtime()?.block_on(self.read())?;
        let (groups, ungrouped) = groups.into_sorted();
        if self.json {
            let total = total(&groups, ungrouped);
            let object = json!({ "total": total, "groups": groups, "ungrouped": ungrouped });
            return print(format!("{object}\n"));
        }
        print(text(&groups, ungrouped))
    }

    async fn read(&self) -> Result<Groups, Failure> {
        let stop = interrupt::token()?;
        let config = self.emitted.config()?;
        let mut groups = Groups::default();
        let none = BTreeSet::new();
        letters::visit(
            &config,
            &self.wanted,
            &none,
            &stop,
            async |letter, decided| {
                if self.all || decided.is_none() {
                    groups.add(&letter.record);
                }
                Ok(ControlFlow::Continue(()))
            },
        )
        .await?;
        Ok(groups)
    }
}

fn total(groups: &[Group], ungrouped: u64) -> u64 {
    groups.iter().map(|group| group.count).sum::<u64>() + ungrouped
}

fn text(groups: &[Group], ungrouped: u64) -> String {
    let total = total(groups, ungrouped);
    if total == 0 {
        return "No dead letters.\n".to_owned();
    }
    let head = ["COUNT", "REASON", "FEED", "TYPE", "FIRST", "LAST", "DETAIL"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head)
        .chain(groups.iter().map(row))
        .collect();
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    if ungrouped > 0 {
        let _ = writeln!(
            text,
            "{ungrouped} more, of too many feeds and types to list"
        );
    }
    let _ = writeln!(text, "{total} in all");
    text
}

fn row(group: &Group) -> [String; 7] {
    [
        group.count.to_string(),
        shown(&group.reason),
        shown(&group.feed),
        shown(&group.message_type),
        time(group.first),
        time(group.last),
        shown(&group.detail),
    ]
}
