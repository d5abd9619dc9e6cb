use std::{env, ffi::OsStr, fs, path::Path, process::Command};

use crate::need::{class_path, root, run};

/// Validates files, directories, or standard input (`-`) with the HAPI R4 validator.
pub(crate) fn validate(arguments: &[impl AsRef<OsStr>]) -> Result<(), String> {
    let class_path = class_path("validator", "Validate")?;
    run(Command::new("java")
        .args(["-Xmx2g", "-cp", &class_path, "Validate"])
        .args(arguments))
}

/// Validates the reviewed FHIR of the fixtures, which a test holds against what Kiln makes of them, and the FHIR of every
/// message of the corpus that `KILN_CORPUS` names.
pub(crate) fn stage() -> Result<(), String> {
    let mut paths = vec![root().join("fixtures/expected")];
    if let Some(corpus) = env::var_os("KILN_CORPUS") {
        let output = root().join("target/validate");
        if output.exists() {
            fs::remove_dir_all(&output)
                .map_err(|error| format!("{}: {error}", output.display()))?;
        }
        convert(&Path::new(&corpus).join("messages"), &output)?;
        paths.push(output);
    }
    validate(&paths)
}

fn convert(messages: &Path, output: &Path) -> Result<(), String> {
    run(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(root())
            .args(["run", "--quiet", "--package", "kiln", "--"])
            .args(["convert", "--format", "bundle", "--out"])
            .arg(output)
            .arg(messages),
    )
}
