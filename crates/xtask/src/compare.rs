use clap::ValueEnum;

use crate::{
    need::{CAMEL, HAPI, KAFKA, LINUXFORHEALTH, class_path, jars, kcat, root, run},
    stage::cargo_command,
};

/// What can be measured against peers.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum What {
    /// The HL7v2 and MLLP crate: deframing, indexing, reading
    Parse,
    /// A message's bytes to its FHIR Bundle's bytes
    Convert,
    /// MLLP, confirmed in Kafka, acknowledged; some twenty minutes
    E2e,
}

/// Runs the comparison, compiled for release, which prints its own report.
pub(crate) fn compare(what: What, json: bool) -> Result<(), String> {
    match what {
        What::Parse => bench("compare_parse", json, vec![]),
        What::Convert => {
            let peer = class_path(LINUXFORHEALTH, "Convert")?;
            bench("compare_convert", json, vec![("KILN_LINUXFORHEALTH", peer)])?;
            bench("allocations", json, vec![])
        }
        What::E2e => {
            kcat()?;
            let kafka = jars(KAFKA)?.display().to_string();
            let (camel, hapi) = (class_path(CAMEL, "Route")?, class_path(HAPI, "Receive")?);
            run(cargo_command().args(["build", "--quiet", "--release", "--package", "kiln"]))?;
            let kiln = root().join("target/release/kiln").display().to_string();
            let variables = vec![
                ("KILN_KAFKA_LIB", kafka),
                ("KILN_CAMEL", camel),
                ("KILN_HAPI", hapi),
                ("KILN_BIN", kiln),
            ];
            bench("compare_e2e", json, variables)
        }
    }
}

fn bench(name: &str, json: bool, variables: Vec<(&str, String)>) -> Result<(), String> {
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
    run(command.envs(variables))
}
