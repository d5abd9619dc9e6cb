//! `kiln dead list`

use std::fmt::Write as _;

use clap::Args;
use jiff::Timestamp;
use kiln_pipeline::record::header;
use kiln_pipeline::store::{Selection, Stream};
use serde_json::json;

use super::groups::{Group, Groups};
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Count dead letters by reason, feed and type
#[derive(Debug, Args)]
#[command(
    long_about = "Counts dead letters by reason, feed and type, the most frequent first, with the times the first and the last were received (UTC). It shows nothing of what the messages say.",
    after_help = "Examples:\n  kiln dead list --dir kiln-data\n  kiln dead list --config kiln.yaml --feed lab --json"
)]
pub(super) struct List {
    /// Only with this reason, such as unreadable
    #[arg(long)]
    reason: Option<String>,
    /// Only of this feed
    #[arg(long)]
    feed: Option<String>,
    /// Only of this message type, such as ADT^A01
    #[arg(long = "type", short, value_name = "TYPE")]
    message_type: Option<String>,
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
        let selection = Selection {
            stream: Stream::Dead,
            ..Selection::default()
        };
        let mut reader = self.emitted.open(selection).await?;
        let wanted = [
            (header::REASON, &self.reason),
            (header::FEED, &self.feed),
            (header::MESSAGE_TYPE, &self.message_type),
        ];
        let mut groups = Groups::default();
        loop {
            let letter = tokio::select! {
                () = stop.cancelled() => {
                    return Err(Failure::stopped("interrupted before all dead letters were read"));
                }
                letter = reader.next() => letter.map_err(Failure::stopped)?,
            };
            let Some(letter) = letter else {
                return Ok(groups);
            };
            if wanted.iter().all(|(name, value)| {
                value
                    .as_ref()
                    .is_none_or(|value| letter.header(name) == value)
            }) {
                groups.add(&letter);
            }
        }
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

fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// What a sender named must not steer the terminal.
fn shown(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
