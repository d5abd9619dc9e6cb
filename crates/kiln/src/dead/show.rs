//! `kiln dead show`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use clap::Args;
use jiff::Timestamp;
use kiln_pipeline::dead::{Decided, Disclosure, Letter};
use kiln_pipeline::record::header;
use kiln_pipeline::store::{self, Position};
use serde_json::{Map, Value};

use super::letters::{self, Wanted};
use super::words::{received, shown, time};
use super::{mask, purpose};
use crate::author::Author;
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Most letters at once: they are held until the audit record is durable.
const MAX_LETTERS: u64 = 1000;

/// Show dead letters one by one, their content masked
#[derive(Debug, Args)]
#[command(
    long_about = "Shows dead letters one by one: what identifies each, why and where it failed, and its segments with every letter as x and every digit as 9.\n\nWith --purpose the messages are shown as they are. Before anything is shown, an AuditEvent with the purpose, the user's name and the ids of the letters, and nothing of their content, is written to the audit stream (on the embedded store to disclosures/AuditEvent.ndjson in its directory).",
    after_help = "Examples:\n  kiln dead show --reason unreadable --limit 3\n  kiln dead show 0/17 --config kiln.yaml\n  kiln dead show 0/17 --purpose 'ticket 4711: sender breaks OBX-5'"
)]
pub(super) struct Show {
    /// The letters' ids, PARTITION/OFFSET; all when none is named
    #[arg(value_name = "ID")]
    ids: Vec<Position>,
    #[command(flatten)]
    wanted: Wanted,
    /// Show also those that were retried or dropped
    #[arg(long)]
    all: bool,
    /// At most so many
    #[arg(long, default_value_t = 20, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..=MAX_LETTERS))]
    limit: u64,
    /// Show what the messages say; why is recorded
    #[arg(long, value_name = "TEXT", value_parser = purpose::read)]
    purpose: Option<String>,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object a letter, for programs
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> Result<(), Failure> {
        interrupt::runtime()?.block_on(self.show())
    }

    async fn show(&self) -> Result<(), Failure> {
        let stop = interrupt::token()?;
        let config = self.emitted.config()?;
        let ids: BTreeSet<Position> = self.ids.iter().copied().collect();
        let mut found = Vec::new();
        letters::visit(
            &config,
            &self.wanted,
            &ids,
            &stop,
            async |letter, decided| {
                if self.all || !ids.is_empty() || decided.is_none() {
                    found.push((letter, decided));
                }
                let enough = found.len() as u64 == self.limit;
                Ok(if enough {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            },
        )
        .await?;
        if let Some(purpose) = &self.purpose
            && !found.is_empty()
        {
            let disclosure = Disclosure {
                by: Author::here(None).by,
                purpose: purpose.clone(),
                at: Timestamp::now(),
            };
            let events = found.iter().map(|(letter, _)| disclosure.of(letter));
            store::disclose(&config, events.collect())
                .await
                .map_err(Failure::stopped)?;
        }
        if found.is_empty() && !self.json {
            return print("No such dead letter.\n");
        }
        found.iter().try_for_each(|(letter, decided)| {
            print(if self.json {
                self.json(letter, *decided)
            } else {
                self.text(letter, *decided)
            })
        })
    }

    fn message(&self, letter: &Letter) -> String {
        if self.purpose.is_some() {
            mask::open(&letter.record.value)
        } else {
            mask::masked(&letter.record.value)
        }
    }

    fn text(&self, letter: &Letter, decided: Option<Decided>) -> String {
        let record = &letter.record;
        let mut text = format!("{}  {}", letter.id, shown(record.header(header::REASON)));
        if let Some(decided) = decided {
            let at = Timestamp::from_millisecond(decided.at_ms).unwrap_or_default();
            let _ = write!(text, "  ({} {})", decided.decision, time(at));
        }
        let _ = write!(
            text,
            "\n  received {}  feed {}  control id {}  type {}\n",
            time(received(record)),
            shown(record.header(header::FEED)),
            shown(record.header(header::CONTROL_ID)),
            shown(record.header(header::MESSAGE_TYPE)),
        );
        let _ = writeln!(
            text,
            "  {}: {}",
            shown(record.header(header::PLACE)),
            shown(record.header(header::DETAIL))
        );
        for line in self.message(letter).lines() {
            let _ = writeln!(text, "    {line}");
        }
        text.push('\n');
        text
    }

    fn json(&self, letter: &Letter, decided: Option<Decided>) -> String {
        let mut object = Map::new();
        object.insert("id".to_owned(), letter.id.to_string().into());
        for (name, value) in letter.record.headers.iter() {
            object.insert(name.to_owned(), value.into());
        }
        let received = received(&letter.record).to_string();
        object.insert(header::RECEIVED_AT.to_owned(), received.into());
        if let Some(decided) = decided {
            object.insert(header::DECISION.to_owned(), decided.decision.word().into());
        }
        object.insert("masked".to_owned(), self.purpose.is_none().into());
        object.insert("message".to_owned(), self.message(letter).into());
        format!("{}\n", Value::Object(object))
    }
}
