//! Each message of `fixtures/messages` gives the FHIR of `fixtures/expected`, byte for byte.
//!
//! `NAME.json` is the Bundle of `NAME.hl7`, indented; of a file of several messages `NAME.1.json`, `NAME.2.json`, …
//! `outcomes.txt` has a line for each message: the resources that it gave, and what could not be mapped.
//! `UPDATE_EXPECTED=1 cargo test -p kiln-fhir --test fixtures` writes them anew, to be read before they are committed.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kiln_fhir::{Conversion, ConvertOptions, Mapper, References, indent};
use kiln_hl7::{Index, Message, batch};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

/// File names of a directory with their contents.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read(&path).unwrap())
        })
        .collect()
}

/// What the fixtures give now: expected file names with their contents.
fn converted() -> BTreeMap<String, Vec<u8>> {
    let mapper = Mapper::embedded().unwrap();
    let options = ConvertOptions {
        references: References::Urn,
        ..ConvertOptions::default()
    };
    let (mut index, mut conversion) = (Index::new(), Conversion::new());
    let (mut all, mut outcomes) = (BTreeMap::new(), String::new());
    for (file, bytes) in files(&fixtures().join("messages")) {
        let stem = file.trim_end_matches(".hl7");
        let messages: Vec<&[u8]> = batch::messages(&bytes).collect();
        for (number, bytes) in (1..).zip(&messages) {
            let name = if messages.len() == 1 {
                stem.to_owned()
            } else {
                format!("{stem}.{number}")
            };
            let message = Message::parse(bytes, &mut index).unwrap();
            if let Err(error) = mapper.convert(&message, &options, &mut conversion) {
                writeln!(outcomes, "{name}: {}", error.reason()).unwrap();
                continue;
            }
            let mut types: BTreeMap<&str, usize> = BTreeMap::new();
            for resource in conversion.resources() {
                *types.entry(resource.resource_type).or_default() += 1;
            }
            let types: Vec<String> = types
                .iter()
                .map(|(name, count)| format!("{count} {name}"))
                .collect();
            writeln!(outcomes, "{name}: {}", types.join(", ")).unwrap();
            for issue in conversion.issues() {
                writeln!(outcomes, "    {issue}").unwrap();
            }
            let mut bundle = Vec::new();
            conversion.write_bundle(&mut bundle);
            let bundle = indent(std::str::from_utf8(&bundle).unwrap()) + "\n";
            all.insert(format!("{name}.json"), bundle.into_bytes());
        }
    }
    all.insert("outcomes.txt".to_owned(), outcomes.into_bytes());
    all
}

#[test]
fn each_fixture_gives_the_fhir_that_was_reviewed() {
    let directory = fixtures().join("expected");
    let actual = converted();
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        fs::create_dir_all(&directory).unwrap();
        for name in files(&directory).into_keys() {
            fs::remove_file(directory.join(name)).unwrap();
        }
        for (name, bytes) in &actual {
            fs::write(directory.join(name), bytes).unwrap();
        }
        return;
    }
    let expected = files(&directory);
    let mut differences = String::new();
    for name in expected.keys().chain(actual.keys()) {
        let (Some(expected), Some(actual)) = (expected.get(name), actual.get(name)) else {
            writeln!(differences, "{name} is only in one of the two").unwrap();
            continue;
        };
        if let Some(difference) = first_difference(expected, actual) {
            writeln!(differences, "{name}, {difference}").unwrap();
        }
    }
    assert!(
        differences.is_empty(),
        "see `UPDATE_EXPECTED=1` in this test's documentation\n{differences}"
    );
}

fn first_difference(expected: &[u8], actual: &[u8]) -> Option<String> {
    if expected == actual {
        return None;
    }
    let (expected, actual) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(actual),
    );
    let (mut expected, mut actual) = (expected.lines(), actual.lines());
    for line in 1.. {
        let pair = (expected.next(), actual.next());
        if pair.0 != pair.1 || pair.0.is_none() {
            return Some(format!(
                "line {line}:\n  expected {:?}\n  actual   {:?}",
                pair.0, pair.1
            ));
        }
    }
    None
}
