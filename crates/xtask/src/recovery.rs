use crate::{
    need::{KAFKA, jars, kcat, root, run},
    stage::cargo_command,
};

/// Kills instances of the optimized binary; the harness prints how long senders wait for the first new acknowledgement.
pub(crate) fn recovery(kills: u32, json: bool) -> Result<(), String> {
    kcat()?;
    let kafka = jars(KAFKA)?;
    run(cargo_command().args(["build", "--release", "--quiet", "--package", "kiln"]))?;
    let mut command = cargo_command();
    command
        .args(["test", "--quiet", "--package", "kiln-tests"])
        .args(["--test", "recovery", "--", &kills.to_string()])
        .env("KILN_BIN", root().join("target/release/kiln"))
        .env("KILN_KAFKA_LIB", kafka);
    if json {
        command.arg("--json");
    }
    run(&mut command)
}
