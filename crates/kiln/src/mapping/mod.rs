//! `kiln mapping`

mod check;
mod coverage;
mod diff;
mod new_overlay;
mod schema;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Look into the maps that turn HL7v2 into FHIR
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:\n  kiln mapping new-overlay overlay/              a commented directory to start from\n  kiln mapping check overlay/                    its mistakes, with file and line\n  kiln mapping diff none overlay/ messages/      what it would change"
)]
pub(crate) struct Mapping {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Diff(diff::Diff),
    NewOverlay(new_overlay::NewOverlay),
    Coverage(coverage::Coverage),
    Schema(schema::Schema),
}

impl Mapping {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Check(command) => command.run(),
            Command::Diff(command) => command.run(),
            Command::NewOverlay(command) => command.run(),
            Command::Coverage(command) => command.run(),
            Command::Schema(command) => command.run(),
        }
    }
}
