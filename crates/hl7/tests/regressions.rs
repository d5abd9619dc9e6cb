//! The fuzz targets over their checked-in corpus, on stable. A crash that fuzzing found stays here as an input.

// A library of its own to cargo-fuzz.
#[allow(unreachable_pub, clippy::pedantic)]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Runs a target over `fuzz/corpus/<name>`; a failure names the input.
fn replay(name: &str, target: fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(name);
    let mut inputs: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|entry| entry.expect("a readable directory").path())
        .collect();
    inputs.sort();
    assert!(inputs.len() >= 8, "the corpus of {name} is there");
    for path in inputs {
        let input = fs::read(&path).expect("a readable file");
        println!("{}", path.display());
        target(&input);
    }
}

#[test]
fn frames() {
    replay("frames", targets::frames);
}

#[test]
fn parse() {
    replay("parse", targets::parse);
}

#[test]
fn queries() {
    replay("queries", targets::queries);
}

#[test]
fn unescape() {
    replay("unescape", targets::unescape);
}

#[test]
fn charset() {
    replay("charset", targets::charset);
}

#[test]
fn edit() {
    replay("edit", targets::edit);
}

#[test]
fn kernels() {
    replay("kernels", targets::kernels);
}

#[test]
fn rules() {
    replay("rules", targets::rules);
}
