use clap::ValueEnum;

use crate::{
    need::{LINUXFORHEALTH, class_path, run},
    stage::cargo_command,
};

/// What can be measured against peers.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// The HL7v2 and MLLP crate: deframing, indexing, reading
    Parse,
    /// A message's bytes to its FHIR Bundle's bytes
    Convert,
}

/// Runs the comparison, compiled for release, which prints its own report.
pub(crate) fn compare(what: What, json: bool) -> Result<(), String> {
    match what {
        What::Parse => bench("compare_parse", json, None),
        What::Convert => {
            let peer = class_path(LINUXFORHEALTH, "Convert")?;
            bench("compare_convert", json, Some(("KILN_LINUXFORHEALTH", peer)))?;
            bench("allocations", json, None)
        }
    }
}

fn bench(name: &str, json: bool, variable: Option<(&str, String)>) -> Result<(), String> {
    let mut command = cargo_command();
    command.args([
        "bench",
        "--quiet",
        "--package",
        "kiln-benches",
        "--bench",
        name,
    ]);
    if json {
        command.args(["--", "--json"]);
    }
    run(command.envs(variable))
}
