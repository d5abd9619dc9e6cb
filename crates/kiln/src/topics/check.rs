//! `kiln topics check`

use std::fmt::Write as _;

use clap::Args;
use kiln_pipeline::topics::{self, Drift};
use serde_json::json;

use super::Of;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Compare the topics on Kafka with what the configuration asks
#[derive(Debug, Args)]
#[command(
    long_about = "Asks the brokers for the partitions, replicas and settings of the pipeline's topics, and lists what is not as the configuration asks, each with what to do. It changes nothing. Topics of resource types come with the first message that has one, and are not missed before. Settings that the brokers do not show this user are not judged.",
    after_help = "Exit codes: 0 all is as asked; 1 something is not; 3 the brokers did not answer, or refused."
)]
pub(super) struct Check {
    #[command(flatten)]
    of: Of,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

impl Check {
    pub(super) fn run(self) -> Result<(), Failure> {
        let config = self.of.config()?;
        let looked = interrupt::runtime()?.block_on(topics::check(&config));
        let found = looked.map_err(Failure::stopped)?;
        print(if self.json {
            json(&found)? + "\n"
        } else {
            text(&found)
        })?;
        if found.drifted.is_empty() {
            Ok(())
        } else {
            Err(Failure::SomeFailed)
        }
    }
}

fn text(found: &topics::Check) -> String {
    let mut text = format!(
        "{} topics, {} not as asked\n",
        found.topics.len(),
        found.drifted.len()
    );
    for drift in &found.drifted {
        let _ = writeln!(text, "\n{drift}\n  {}", drift.remedy());
    }
    text
}

fn json(found: &topics::Check) -> Result<String, Failure> {
    let with_remedy = |drift: &Drift| {
        let mut told = serde_json::to_value(drift)?;
        told["remedy"] = json!(drift.remedy());
        Ok(told)
    };
    let drifted: Result<Vec<_>, serde_json::Error> =
        found.drifted.iter().map(with_remedy).collect();
    let drifted = drifted.map_err(Failure::stopped)?;
    Ok(json!({"topics": found.topics, "drifted": drifted}).to_string())
}
