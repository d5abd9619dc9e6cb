//! `kiln mapping`

mod coverage;

use clap::{Args, Subcommand};

use crate::failure::Failure;

/// Look into the maps that turn HL7v2 into FHIR
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct Mapping {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Coverage(coverage::Coverage),
}

impl Mapping {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            Command::Coverage(command) => command.run(),
        }
    }
}
