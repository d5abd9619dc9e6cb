//! What became of a message, as the outputs say.

use std::collections::BTreeMap;
use std::time::Duration;

use kiln_pipeline::config::Config;
use kiln_pipeline::dead::{Decided, Decisions, Letter};
use kiln_pipeline::record::{Record, header};
use kiln_pipeline::store::{Reader, Selection, Stream};
use maud::{Markup, html};

use super::wanted::earlier;
use crate::dead::words::{received, shown};
use crate::failure::Failure;

/// Outputs are read for so long at most.
const READ_TIME: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Default)]
pub(super) struct Fate {
    /// Resources by the maps and the replay that made them, each with its type.
    emitted: BTreeMap<Made, Vec<Record>>,
    letters: Vec<(Letter, Option<Decided>)>,
    /// Whether the time was up before all outputs were read.
    partly: bool,
}

/// The version of the maps, and the replay, if it was one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Made {
    maps: String,
    replay: Option<String>,
}

impl Fate {
    /// Of the message `raw` that outputs name by `source`.
    pub(super) async fn of(config: &Config, source: &str, raw: &Record) -> Result<Fate, Failure> {
        let since_ms = earlier(received(raw).as_millisecond());
        let mut fate = Fate::default();
        let reading = async {
            let open = async |stream| {
                let selection = Selection {
                    stream,
                    since_ms: Some(since_ms),
                    ..Selection::default()
                };
                Reader::open(config, selection)
                    .await
                    .map_err(Failure::stopped)
            };
            // A decision may be read before or after its letter, of which there are few.
            let (mut decisions, mut letters) = (Decisions::default(), Vec::new());
            let mut dead = open(Stream::Dead).await?;
            while let Some(record) = dead.next().await.map_err(Failure::stopped)? {
                decisions.see(&record).map_err(Failure::stopped)?;
                if record.header(header::SOURCE) == source {
                    letters.extend(Letter::of(dead.position(), record));
                }
            }
            let decided = letters.into_iter().map(|letter| {
                let decided = decisions.about(letter.id);
                (letter, decided)
            });
            fate.letters = decided.collect();
            let mut fhir = open(Stream::Fhir).await?;
            while let Some(record) = fhir.next().await.map_err(Failure::stopped)? {
                if record.header(header::SOURCE) == source {
                    let made = Made {
                        maps: record.header(header::MAPPING).to_owned(),
                        replay: record.headers.get(header::REPLAY).map(str::to_owned),
                    };
                    fate.emitted.entry(made).or_default().push(record);
                }
            }
            Ok(())
        };
        let read = tokio::time::timeout(READ_TIME, reading).await;
        fate.partly = read.is_err();
        read.unwrap_or(Ok(()))?;
        Ok(fate)
    }

    /// What there is to tell, with no content of the message.
    pub(super) fn told(&self) -> Markup {
        html! {
            h2 { "What became of it" }
            @if self.emitted.is_empty() && self.letters.is_empty() {
                p {
                    @if self.partly { "Nothing was found in the outputs that could be read within " (READ_TIME.as_secs()) " seconds." }
                    @else { "No output is of it: it waits for transform, a filter drops it, or it was a resend of an earlier message." }
                }
            } @else if self.partly {
                p { "The outputs could not all be read within " (READ_TIME.as_secs()) " seconds: there may be more." }
            }
            ul {
                @for (letter, decided) in &self.letters { (dead(letter, *decided)) }
                @for (made, records) in &self.emitted { (emitted(made, records)) }
            }
        }
    }

    /// The FHIR itself.
    pub(super) fn fhir(&self) -> Markup {
        html! {
            @for (made, records) in &self.emitted {
                h2 { "FHIR, by " (by(made)) }
                @for record in records {
                    pre tabindex="0" aria-label=(record.header(header::RESOURCE_TYPE)) {
                        (kiln_fhir::indent(&String::from_utf8_lossy(&record.value)))
                    }
                }
            }
        }
    }
}

fn dead(letter: &Letter, decided: Option<Decided>) -> Markup {
    let record = &letter.record;
    html! {
        li {
            "Dead letter " (letter.id) ", " (shown(record.header(header::REASON))) ": " (shown(record.header(header::DETAIL)))
            " (" (shown(record.header(header::PLACE))) ")"
            @match decided {
                Some(decided) => { ", " (decided.decision) }
                None => ", not decided about",
            }
            "."
        }
    }
}

fn emitted(made: &Made, records: &[Record]) -> Markup {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        *counts
            .entry(record.header(header::RESOURCE_TYPE))
            .or_default() += 1;
    }
    let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    html! {
        li { "Emitted by " (by(made)) ": " (counts.collect::<Vec<_>>().join(", ")) "." }
    }
}

fn by(made: &Made) -> Markup {
    html! {
        @if let Some(replay) = &made.replay { "the replay " (shown(replay)) ", " }
        "maps " (shown(&made.maps))
    }
}
