//! `kiln dead`

mod decide;
mod groups;
mod letters;
mod list;
mod mask;
mod show;
mod words;

use clap::{Args, Subcommand};
use kiln_pipeline::dead::Decision;

use crate::failure::Failure;

/// Look into the messages that were set aside as dead letters, and decide about them
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Looks into the messages that were set aside as dead letters, in the embedded store's directory or in Kafka, and decides about them: each is retried or dropped once. `list` and `show` only read, and work beside a running `kiln serve`; `retry` and `drop` do so on Kafka, while on the embedded store `kiln serve` is to be stopped first.",
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
        long_about = "Appends the bytes of dead letters to the raw log again, each once, in one commit with the decision. They come last in their feeds, always in the interactive lane: where a later message about the same patient has been transformed since, the retried one overwrites it; look with `kiln dead show` first. What a listener refused is judged again, and what is not whole cannot be retried.\n\nOn the embedded store `kiln serve` is to be stopped first; it transforms them when it runs again.",
        after_help = "Examples:\n  kiln dead retry 0/17 0/18\n  kiln dead retry --config kiln.yaml --reason no-map --dry-run"
    )]
    Retry(decide::Decide),
    /// Settle dead letters without doing anything with them
    #[command(
        long_about = "Settles dead letters: `list` and `show` leave them out from now on, unless asked for --all, and they cannot be retried. Their bytes stay as long as the store keeps them.\n\nOn the embedded store `kiln serve` is to be stopped first.",
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
