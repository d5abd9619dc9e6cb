//! `kiln dead`

mod groups;
mod list;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Look into the messages that were set aside as dead letters
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Looks into the messages that were set aside as dead letters, in the embedded store's directory or in Kafka. It only reads, and works beside a running `kiln serve`.",
    after_help = "Examples:\n  kiln dead list --dir kiln-data\n  kiln dead list --config kiln.yaml --reason unreadable\n  kiln dead list --json | jq '.groups[] | select(.count > 100)'"
)]
pub(crate) struct Dead {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
}

impl Dead {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::List(command) => command.run(),
        }
    }
}
