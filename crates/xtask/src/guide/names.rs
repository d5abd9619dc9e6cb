//! The standard's names of segments, fields and components, as the guide's tables have them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::fact;

/// Name and data type by place: `PID`, `PID-5`, `XPN.1`.
type Names = BTreeMap<String, (String, String)>;

/// `names.txt`.
pub(super) fn digest(mappings: &Path) -> Result<String, String> {
    let mut names = Names::new();
    segments(&mappings.join("chapterdata.csv"), &mut names)?;
    for folder in ["segments", "datatypes"] {
        let folder = mappings.join(folder);
        let listing =
            fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut files: Vec<_> = listing
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect();
        files.sort();
        for file in files {
            parts(&file, &mut names)?;
        }
    }
    let mut text = String::from(
        "# Names and data types of the HL7 v2-to-FHIR guide's tables, by `cargo xtask guide`.\n",
    );
    for (place, (name, data_type)) in names {
        let line = format!("{place}\t{name}\t{data_type}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    Ok(text)
}

fn records(file: &Path) -> Result<Vec<csv::StringRecord>, String> {
    let told = |error: csv::Error| format!("{}: {error}", file.display());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(file)
        .map_err(told)?;
    reader
        .records()
        .map(|record| record.map_err(told))
        .collect()
}

/// `Segment,3,Patient Identification,PID`.
fn segments(file: &Path, names: &mut Names) -> Result<(), String> {
    for record in records(file)? {
        if record.get(0) == Some("Segment") {
            let cell = |at| fact(record.get(at).unwrap_or_default());
            names.insert(cell(3), (cell(2), String::new()));
        }
    }
    Ok(())
}

/// Rows such as `5,PID-5,Patient Name,XPN`; the first sheet that names a place is taken at its word.
fn parts(file: &Path, names: &mut Names) -> Result<(), String> {
    for record in records(file)? {
        let cell = |at| fact(record.get(at).unwrap_or_default());
        let (place, name) = (cell(1), cell(2));
        if is_place(&place) && !name.is_empty() {
            names.entry(place).or_insert((name, cell(3)));
        }
    }
    Ok(())
}

/// `PID-5` or `XPN.1`, and nothing below.
fn is_place(text: &str) -> bool {
    let Some((of, number)) = text.split_once(['-', '.']) else {
        return false;
    };
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (2..=3).contains(&of.len())
        && of.bytes().all(capital)
        && number.bytes().all(|byte| byte.is_ascii_digit())
}
