use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::need::{class_path, root, run};

/// The message types whose FHIR must be free of errors, as MSH-9 begins.
const TYPES: [&str; 9] = [
    "ADT^A01", "ADT^A03", "ADT^A04", "ADT^A08", "ADT^A40", "ORU^R01", "VXU^V04", "SIU^S12",
    "MDM^T02",
];

/// Validates files, directories, or standard input (`-`) with the HAPI R4 validator.
pub(crate) fn validate(arguments: &[impl AsRef<OsStr>]) -> Result<(), String> {
    let class_path = class_path("validator", "Validate")?;
    run(Command::new("java")
        .args(["-Xmx2g", "-cp", &class_path, "Validate"])
        .args(arguments))
}

/// Converts the fixtures, and the corpus that `KILN_CORPUS` names, and validates what they give.
pub(crate) fn stage() -> Result<(), String> {
    let output = root().join("target/validate");
    if output.exists() {
        fs::remove_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    }
    convert(&listed(&root().join("fixtures"))?, &output.join("fixtures"))?;
    if let Some(corpus) = env::var_os("KILN_CORPUS") {
        convert(&listed(Path::new(&corpus))?, &output.join("corpus"))?;
    }
    validate(&[output])
}

fn convert(paths: &[PathBuf], output: &Path) -> Result<(), String> {
    run(
        Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
            .current_dir(root())
            .args(["run", "--quiet", "--package", "kiln", "--"])
            .args(["convert", "--format", "bundle", "--out"])
            .arg(output)
            .args(paths),
    )
}

/// The files in `<directory>/messages` whose first message is of a type that Kiln maps.
fn listed(directory: &Path) -> Result<Vec<PathBuf>, String> {
    let directory = directory.join("messages");
    let fail = |error| format!("{}: {error}", directory.display());
    let mut paths = Vec::new();
    for entry in fs::read_dir(&directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.is_file() && is_listed(&fs::read(&path).map_err(fail)?) {
            paths.push(path);
        }
    }
    paths.sort();
    if paths.is_empty() {
        return Err(format!("{}: no message to convert", directory.display()));
    }
    Ok(paths)
}

fn is_listed(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    // Frames, a byte order mark or batch headers may stand before it.
    text.find("MSH").is_some_and(|start| {
        let header = &text[start..];
        let message_type = header
            .chars()
            .nth(3)
            .and_then(|separator| header.split(separator).nth(8));
        message_type.is_some_and(|found| TYPES.iter().any(|kind| found.starts_with(kind)))
    })
}
