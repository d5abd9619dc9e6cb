use clap::ValueEnum;

use crate::{need::run, stage::cargo_command};

/// What can be measured against peers.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// The HL7v2 and MLLP crate: deframing, indexing, reading
    Parse,
}

/// Runs the comparison, compiled for release, which prints its own report.
pub(crate) fn compare(what: What, json: bool) -> Result<(), String> {
    let bench = match what {
        What::Parse => "compare_parse",
    };
    let mut command = cargo_command();
    command.args(["bench", "--quiet", "--package", "kiln-benches", "--bench"]);
    command.arg(bench);
    if json {
        command.args(["--", "--json"]);
    }
    run(&mut command)
}
