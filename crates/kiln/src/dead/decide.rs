//! `kiln dead retry` and `kiln dead drop`

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::ControlFlow;

use clap::Args;
use jiff::Timestamp;
use kiln_pipeline::config::{Config, Lane};
use kiln_pipeline::dead::{Decision, Letter};
use kiln_pipeline::record::Record;
use kiln_pipeline::store::{Decider, Output, Position, Visit};
use serde_json::json;

use super::letters::{self, Wanted};
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Most letters and bytes in one commit.
const COMMIT_LETTERS: usize = 500;
const COMMIT_BYTES: usize = 8 * 1024 * 1024;
/// Most letters that are told of one by one as not retried.
const MAX_TOLD: usize = 100;

/// Which letters are decided about.
#[derive(Debug, Args)]
pub(super) struct Decide {
    /// The letters' ids, PARTITION/OFFSET, as `kiln dead show` prints them
    #[arg(value_name = "ID")]
    ids: Vec<Position>,
    #[command(flatten)]
    wanted: Wanted,
    /// All that nothing was decided about
    #[arg(long, conflicts_with_all = ["ids", "reason", "feed", "message_type"])]
    all: bool,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What came of it.
#[derive(Default)]
struct Outcome {
    decided: u64,
    before: u64,
    failed: u64,
    /// Letters that could not be retried, and why; the first of them.
    told: Vec<(Position, String)>,
}

/// Letters on their way to a commit.
#[derive(Default)]
struct Batch {
    raw: Vec<(Lane, Record)>,
    outputs: Vec<Output>,
    bytes: usize,
}

impl Batch {
    fn is_full(&self) -> bool {
        self.outputs.len() >= COMMIT_LETTERS || self.bytes >= COMMIT_BYTES
    }
}

impl Decide {
    pub(super) fn run(self, decision: Decision) -> Result<(), Failure> {
        if self.ids.is_empty() && !self.wanted.any() && !self.all {
            return Err(Failure::wrong(
                "which dead letters? Name ids, or choose by --reason, --feed and --type, or say --all",
            ));
        }
        let outcome = interrupt::runtime()?.block_on(self.decide(decision))?;
        print(if self.json {
            outcome.json(decision, self.dry_run)
        } else {
            outcome.text(decision, self.dry_run)
        })?;
        if outcome.failed > 0 {
            return Err(Failure::SomeFailed);
        }
        Ok(())
    }

    async fn decide(&self, decision: Decision) -> Result<Outcome, Failure> {
        let stop = interrupt::token()?;
        let config = self.emitted.config()?;
        // Before anything is read, so that what another has decided is seen.
        let mut decider = if self.dry_run {
            None
        } else {
            Some(decider(&config).await?)
        };
        let ids: BTreeSet<Position> = self.ids.iter().copied().collect();
        let (mut outcome, mut batch) = (Outcome::default(), Batch::default());
        letters::visit(
            &config,
            &self.wanted,
            &ids,
            &stop,
            async |letter, decided| {
                if decided.is_some() {
                    outcome.before += 1;
                    return Ok(ControlFlow::Continue(()));
                }
                outcome.add(&letter, decision, &config, &mut batch);
                if batch.is_full() {
                    commit(decider.as_deref_mut(), &mut batch).await?;
                }
                Ok(ControlFlow::Continue(()))
            },
        )
        .await?;
        commit(decider.as_deref_mut(), &mut batch).await?;
        let found = outcome.decided + outcome.before + outcome.failed;
        let missing = (ids.len() as u64).saturating_sub(found);
        if missing > 0 {
            return Err(Failure::wrong(format!(
                "{missing} of the ids are no dead letters here, or not chosen by the options; the others are decided"
            )));
        }
        Ok(outcome)
    }
}

async fn decider(config: &Config) -> Result<Box<dyn Decider>, Failure> {
    let visit = Visit::open(config).await.map_err(Failure::stopped)?;
    visit.decider().await.map_err(Failure::stopped)
}

async fn commit(
    decider: Option<&mut (dyn Decider + '_)>,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let batch = std::mem::take(batch);
    match decider {
        Some(decider) if !batch.outputs.is_empty() => decider
            .commit(batch.raw, batch.outputs)
            .await
            .map_err(|error| {
                Failure::stopped(format!("{error}; what was committed before stays decided"))
            }),
        _ => Ok(()),
    }
}

impl Outcome {
    fn add(&mut self, letter: &Letter, decision: Decision, config: &Config, batch: &mut Batch) {
        let now = Timestamp::now().as_millisecond();
        if decision == Decision::Retried {
            match letter.retry(&config.listeners, now) {
                Ok(raw) => {
                    batch.bytes += raw.value.len();
                    batch.raw.push((letter.lane(config), raw));
                }
                Err(why) => {
                    self.failed += 1;
                    if self.told.len() < MAX_TOLD {
                        self.told.push((letter.id, why.to_string()));
                    }
                    return;
                }
            }
        }
        self.decided += 1;
        batch.outputs.push(letter.decided(decision, now));
    }

    fn text(&self, decision: Decision, dry_run: bool) -> String {
        let would = if dry_run { " would be" } else { "" };
        let mut text = format!("{}{would} {decision}", self.decided);
        if self.before > 0 {
            let _ = write!(text, ", {} decided before", self.before);
        }
        if self.failed > 0 {
            let _ = write!(text, ", {} cannot be", self.failed);
        }
        text.push('\n');
        for (id, why) in &self.told {
            let _ = writeln!(text, "{id}: {why}");
        }
        text
    }

    fn json(&self, decision: Decision, dry_run: bool) -> String {
        let failures: Vec<_> = self
            .told
            .iter()
            .map(|(id, why)| json!({ "id": id.to_string(), "why": why }))
            .collect();
        let object = json!({
            "decision": decision.word(),
            "dryRun": dry_run,
            "decided": self.decided,
            "decidedBefore": self.before,
            "failed": self.failed,
            "failures": failures,
        });
        format!("{object}\n")
    }
}
