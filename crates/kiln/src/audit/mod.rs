//! `kiln audit`

mod report;
mod verify;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Check that the audit stream is whole, or list who was shown and replayed what
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    long_about = "Reads the audit stream: AuditEvents of every message that was received, emitted or refused, of who was shown, retried, dropped or replayed what and why, of changes of the maps, and of instances that took over. Each names the digest of the one before it, so that one that was changed, removed or moved shows. It only reads, and works beside a running `kiln serve`.",
    after_help = "Examples:\n  kiln audit verify --dir kiln-data\n  kiln audit verify --config kiln.yaml --json > anchor.json\n  kiln audit verify --config kiln.yaml --anchor anchor.json\n  kiln audit report --config kiln.yaml --since 2026-03-01"
)]
pub(crate) struct Audit {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Verify(verify::Verify),
    Report(report::Report),
}

impl Audit {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Verify(command) => command.run(),
            Command::Report(command) => command.run(),
        }
    }
}
