//! The command line as a whole.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;
use crate::{
    audit, completions, config, convert, dead, demo, explain, mapping, replay, send, serve, shadow,
    tail, topics,
};

/// Fires raw HL7v2 into FHIR.
#[derive(Debug, Parser)]
#[command(
    name = "kiln",
    version,
    long_about = "Kiln listens for HL7v2 over MLLP, keeps every message before it acknowledges it, turns it into FHIR R4, and emits the resources exactly once: to Kafka, or to files of one directory.",
    after_help = "Start here:\n  kiln demo                              the whole path on this machine, nothing to install\n  kiln convert message.hl7               one file, offline, to standard output\n  kiln explain message.hl7               where each FHIR element comes from\n  kiln config example > kiln.yaml        a commented configuration\n  kiln serve --config kiln.yaml          listen for real senders\n\nExit codes:\n  0  done\n  1  some messages failed; the summary says which and why\n  2  the command line, the configuration or an input is wrong; nothing was started\n  3  it could not start, or gave up while running",
    arg_required_else_help = true
)]
struct Invocation {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    Tail(tail::Tail),
    Dead(dead::Dead),
    Replay(replay::Replay),
    Shadow(shadow::Shadow),
    Audit(audit::Audit),
    Topics(topics::Topics),
    Convert(convert::Convert),
    Explain(explain::Explain),
    Send(send::Send),
    Mapping(mapping::Mapping),
    Config(config::Config),
    Completions(completions::Completions),
}

/// Runs what the command line says; its errors are one line on standard error.
pub(crate) fn run() -> ExitCode {
    let outcome = match Invocation::parse().command {
        Command::Demo(command) => command.run(),
        Command::Serve(command) => command.run(),
        Command::Tail(command) => command.run(),
        Command::Dead(command) => command.run(),
        Command::Replay(command) => command.run(),
        Command::Shadow(command) => command.run(),
        Command::Audit(command) => command.run(),
        Command::Topics(command) => command.run(),
        Command::Convert(command) => command.run(),
        Command::Explain(command) => command.run(),
        Command::Send(command) => command.run(),
        Command::Mapping(command) => command.run(),
        Command::Config(command) => command.run(),
        Command::Completions(command) => {
            command.run(&<Invocation as clap::CommandFactory>::command())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    if let Some(text) = failure.text() {
        eprintln!("kiln: {text}");
    }
    failure.code()
}
