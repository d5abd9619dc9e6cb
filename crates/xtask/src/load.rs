use crate::{need::run, stage::cargo_command};

/// Holds 10,000 connections open while slow peers try, compiled for release; the harness prints its own report.
pub(crate) fn load(json: bool) -> Result<(), String> {
    run(cargo_command().args(["build", "--release", "--quiet", "--package", "kiln"]))?;
    let mut command = cargo_command();
    command
        .args(["test", "--release", "--quiet", "--package", "kiln-tests"])
        .args(["--test", "load", "--", "--full"]);
    if json {
        command.arg("--json");
    }
    run(&mut command)
}
