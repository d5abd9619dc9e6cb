//! `kiln dead retry` and `kiln dead drop`

use std::fmt::Write as _;

use clap::Args;
use kiln_pipeline::config::Config;
use kiln_pipeline::dead::Decision;
use kiln_pipeline::store::{Decider, Position, Visit};
use serde_json::json;

use super::deciding::{self, Outcome};
use super::letters::Wanted;
use super::purpose;
use crate::author::Author;
use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

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
    /// Why; it stands in the audit stream
    #[arg(long, value_name = "TEXT", value_parser = purpose::read)]
    purpose: Option<String>,
    /// Only count them
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
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
        let decider = if self.dry_run {
            None
        } else {
            Some(decider(&config).await?)
        };
        let ids = self.ids.iter().copied().collect();
        let author = Author::here(self.purpose.as_deref());
        deciding::decide(
            &config,
            &self.wanted,
            &ids,
            decision,
            &author,
            decider,
            &stop,
        )
        .await
    }
}

async fn decider(config: &Config) -> Result<Box<dyn Decider>, Failure> {
    let visit = Visit::open(config).await.map_err(Failure::stopped)?;
    visit.decider().await.map_err(Failure::stopped)
}

impl Outcome {
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
