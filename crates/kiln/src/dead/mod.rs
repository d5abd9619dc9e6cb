//! `kiln dead`

mod decide;
pub(crate) mod deciding;
pub(crate) mod groups;
pub(crate) mod letters;
mod list;
pub(crate) mod mask;
pub(crate) mod purpose;
mod show;
pub(crate) mod words;

use clap::{Args, Subcommand};
use kiln_pipeline::dead::Decision;

use crate::failure::Failure;

/// Look into the messages that were set aside as dead letters, and decide about them
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Looks into the messages that were set aside as dead letters, in the embedded store's directory or in Kafka, and decides about them: each is retried or dropped once. All of it works beside a running `kiln serve`: `list` and `show` only read, and `retry` and `drop` of an embedded store go through the process that has it.",
    after_help = "Examples:\n  kiln dead list --dir kiln-data\n  kiln dead show --config kiln.yaml --reason unreadable\n  kiln dead retry --config kiln.yaml --reason no-map --type ADT^A05\n  kiln dead list --json | jq '.groups[] | select(.count > 100)'"
)]
pub(crate) struct Dead {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    /// Give dead letters to the pipeline again
    #[command(
        long_about = "Appends the bytes of dead letters to the raw log again, each once, in one commit with the decision. They come last in their feeds, in the lane that they came in by: where a later message about the same patient has been transformed since, the retried one overwrites it; look with `kiln dead show` first. What a listener refused is judged again, and what is not whole cannot be retried.",
        after_help = "Examples:\n  kiln dead retry 0/17 0/18\n  kiln dead retry --config kiln.yaml --reason no-map --dry-run"
    )]
    Retry(decide::Decide),
    /// Settle dead letters without doing anything with them
    #[command(
        long_about = "Settles dead letters: `list` and `show` leave them out from now on, unless asked for --all, and they cannot be retried. Their bytes stay as long as the store keeps them.",
        after_help = "Examples:\n  kiln dead drop 0/17\n  kiln dead drop --feed test --reason truncated"
    )]
    Drop(decide::Decide),
}

impl Dead {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::List(command) => command.run(),
            Command::Show(command) => command.run(),
            Command::Retry(command) => command.run(Decision::Retried),
            Command::Drop(command) => command.run(Decision::Dropped),
        }
    }
}
