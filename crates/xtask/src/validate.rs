use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::need::{VALIDATOR, class_path, root, run};

/// Messages that the stage draws: some three of each type. A whole run has thousands (`--generated`).
const SAMPLE: usize = 300;
const SAMPLE_SEED: u64 = 1;

/// Validates files, directories, or standard input (`-`) with the HAPI R4 validator.
pub(crate) fn validate(arguments: &[impl AsRef<OsStr>]) -> Result<(), String> {
    let class_path = class_path(VALIDATOR, "Validate")?;
    run(Command::new("java")
        .args(["-Xmx2g", "-cp", &class_path, "Validate"])
        .args(arguments))
}

/// Draws messages of all types and converts them; the directory with their FHIR. It stays, with the messages beside it.
pub(crate) fn generated(seed: u64, count: usize) -> Result<PathBuf, String> {
    let directory = emptied("generated")?;
    let messages = directory.join("messages");
    make(&messages)?;
    for message in kiln_benches::generated(seed, count) {
        let path = messages.join(format!("{}.hl7", message.name));
        fs::write(&path, message.bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let output = directory.join("fhir");
    convert(&messages, &output)?;
    println!("{count} messages of seed {seed} in {}", messages.display());
    Ok(output)
}

/// Validates the reviewed FHIR of the fixtures, which a test holds against what Kiln makes of them, that of drawn messages of
/// all types, the audit events of a demonstration, and the FHIR of every message of the corpus that `KILN_CORPUS` names.
pub(crate) fn stage() -> Result<(), String> {
    let mut paths = vec![
        root().join("fixtures/expected"),
        generated(SAMPLE_SEED, SAMPLE)?,
        audited()?,
    ];
    if let Some(corpus) = env::var_os("KILN_CORPUS") {
        let output = emptied("validate")?;
        convert(&Path::new(&corpus).join("messages"), &output)?;
        paths.push(output);
    }
    validate(&paths)
}

/// The audit events of a demonstration.
fn audited() -> Result<PathBuf, String> {
    let directory = emptied("audit")?;
    run(kiln()
        .args(["demo", "--port", "0", "--dir"])
        .arg(&directory))?;
    Ok(directory.join("audit.ndjson"))
}

/// A directory below `target` with nothing in it.
fn emptied(name: &str) -> Result<PathBuf, String> {
    let directory = root().join("target").join(name);
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .map_err(|error| format!("{}: {error}", directory.display()))?;
    }
    make(&directory)?;
    Ok(directory)
}

fn make(directory: &Path) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))
}

fn convert(messages: &Path, output: &Path) -> Result<(), String> {
    run(kiln()
        .args(["convert", "--format", "bundle", "--out"])
        .arg(output)
        .arg(messages))
}

fn kiln() -> Command {
    let mut kiln = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    kiln.current_dir(root())
        .args(["run", "--quiet", "--package", "kiln", "--"]);
    kiln
}
