//! `kiln-operator`: prints the custom resource definitions. The reconciler is still to come, and so is its `run` command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kiln_operator::api::definitions;

/// The Kiln operator. So far it holds the custom resources and prints their definitions; it does not run pipelines yet.
#[derive(Parser)]
#[command(name = "kiln-operator", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print the custom resource definitions as YAML, ready for `kubectl apply -f -`.
    Crds {
        /// Write each definition to a file of its own in this directory instead of to standard output.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let Command::Crds { out } = Cli::parse().command;
    match out.as_deref().map_or_else(print, write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kiln-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn print() -> Result<(), Box<dyn std::error::Error>> {
    for definition in definitions() {
        print!("---\n{}", definition.yaml()?);
    }
    Ok(())
}

fn write(directory: &Path) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(directory)
        .map_err(|error| format!("cannot create {}: {error}", directory.display()))?;
    for definition in definitions() {
        let file = directory.join(definition.file_name());
        std::fs::write(&file, definition.yaml()?)
            .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        println!("{}", file.display());
    }
    Ok(())
}
