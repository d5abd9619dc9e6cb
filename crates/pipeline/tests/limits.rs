//! That LIMITS.md tells of every bound in the code, and of no other.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How the names of bounds begin and end.
const BEGINNINGS: [&str; 2] = ["MAX_", "HTTP_"];
const ENDINGS: [&str; 9] = [
    "_TIMEOUT",
    "_TIMEOUT_MS",
    "_BYTES",
    "_MESSAGES",
    "_CONNECTIONS",
    "_REQUESTS",
    "_TRIES",
    "_LOOKS",
    "_STEP",
];

fn is_bound(name: &str) -> bool {
    // Defaults are those of settings, which have rows of their own.
    !name.starts_with("DEFAULT_")
        && (BEGINNINGS.iter().any(|word| name.starts_with(word))
            || ENDINGS.iter().any(|word| name.ends_with(word)))
}

/// The constants that are declared below a directory.
fn constants(directory: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            constants(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let declared = text.lines().filter_map(|line| {
            let (before, rest) = line.split_once("const ")?;
            let (name, _) = rest.split_once(':')?;
            let at_the_start = before.trim().is_empty() || before.trim_start().starts_with("pub");
            at_the_start.then(|| name.to_owned())
        });
        found.extend(declared);
    }
}

/// The names in the page's code spans that are written as constants are.
fn named(page: &str) -> BTreeSet<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let constant = |span: &&str| {
        span.contains('_')
            && span
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    };
    spans.filter(constant).map(str::to_owned).collect()
}

#[test]
fn every_bound_in_the_code_is_told_of_and_no_other() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let named = named(include_str!("../LIMITS.md"));
    let mut here = BTreeSet::new();
    constants(&crates.join("pipeline/src"), &mut here);
    let untold: Vec<&String> = here
        .iter()
        .filter(|name| is_bound(name) && !named.contains(*name))
        .collect();
    assert!(untold.is_empty(), "not in LIMITS.md: {untold:?}");
    let mut known = here;
    constants(&crates.join("hl7/src"), &mut known);
    let gone: Vec<&String> = named.difference(&known).collect();
    assert!(gone.is_empty(), "not in the code: {gone:?}");
    assert!(named.len() > 40, "{}", named.len());
}
