//! `kiln topics`

mod check;
mod delete;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kiln_pipeline::config::Config;

use crate::failure::Failure;

/// Compare the topics on Kafka with what the configuration asks, or delete them
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Looks after the topics of a pipeline on Kafka. `check` compares the partitions, replicas and settings of each with what the configuration asks, and says what to do about every difference; a running `kiln serve` says the same in /readyz and as kiln_topics_drifted. `delete` deletes them all, once the pipeline has ended for good.",
    after_help = "Examples:\n  kiln topics check --config kiln.yaml\n  kiln topics check --config kiln.yaml --json | jq '.drifted'\n  kiln topics delete --config kiln.yaml --confirm north"
)]
pub(crate) struct Topics {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Delete(delete::Delete),
}

/// The pipeline whose topics are meant.
#[derive(Debug, Args)]
struct Of {
    /// The pipeline's configuration
    #[arg(long, short, value_name = "FILE", env = "KILN_CONFIG")]
    config: PathBuf,
}

impl Of {
    fn config(&self) -> Result<Config, Failure> {
        Config::load(&self.config).map_err(Failure::wrong)
    }
}

impl Topics {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Check(command) => command.run(),
            Command::Delete(command) => command.run(),
        }
    }
}
