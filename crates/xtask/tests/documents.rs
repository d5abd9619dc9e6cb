//! What the documents at the top say of the code is so.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::{read, root};

/// Names of all functions in the Rust files below a directory.
fn functions(directory: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("a directory of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            functions(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source in UTF-8");
            let names = text.split("fn ").skip(1).map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap_or_default()
                    .to_owned()
            });
            into.extend(names);
        }
    }
}

#[test]
fn every_test_that_the_threats_rest_on_is_there() {
    let page = read("SECURITY.md");
    let mut known = BTreeSet::new();
    for directory in ["crates", "tests"] {
        functions(&root().join(directory), &mut known);
    }
    // The last column of the tables.
    let named: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| {
            line.strip_prefix('|')?
                .strip_suffix('|')?
                .rsplit('|')
                .next()
        })
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(named.len() > 30, "the page names {} tests", named.len());
    let gone: Vec<&&str> = named
        .iter()
        .filter(|name| !known.contains(**name))
        .collect();
    assert!(gone.is_empty(), "no such tests: {gone:?}");
}
