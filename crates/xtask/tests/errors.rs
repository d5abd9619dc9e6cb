//! That docs/errors.md explains every word by which the code says that something is wrong, and no other.
//!
//! The words are read out of the sources: they are literals of the files that are named here.

mod support;

use std::collections::BTreeSet;

use support::read;

type Words = BTreeSet<String>;

/// A source without comments and tests.
fn code(path: &str) -> String {
    let text = read(path);
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The literals of some sources, on one line each, that are written as codes are.
fn literals(paths: &[&str], is_code: impl Fn(&str) -> bool, others: &[&str]) -> Words {
    let mut words = Words::new();
    for path in paths {
        for line in code(path).lines() {
            let inside = line.split('"').skip(1).step_by(2);
            words.extend(inside.filter(|word| is_code(word)).map(str::to_owned));
        }
    }
    for other in others {
        assert!(words.remove(*other), "no literal {other} in {paths:?}");
    }
    words
}

/// `store-timeout`
fn is_word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// `NoListener`
fn is_reason(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() > 1
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// What stands behind each `before` in a source, up to the first that is no part of a word.
fn behind(text: &str, before: &str) -> Words {
    text.split(before)
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .map(str::to_owned)
        .collect()
}

/// The codes that the tables below a heading of the page begin with.
fn explained(heading: &str) -> Words {
    let page = read("docs/errors.md");
    let section = page
        .lines()
        .skip_while(|line| line.trim_start_matches('#').trim() != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('#'));
    section
        .filter_map(|line| line.strip_prefix("| `")?.split_once("` |"))
        .map(|(code, _)| code.to_owned())
        .collect()
}

#[track_caller]
fn same(heading: &str, known: &Words) {
    assert!(!known.is_empty(), "{heading}: none found in the code");
    assert_eq!(&explained(heading), known, "{heading}");
}

#[test]
fn of_answers_to_senders() {
    let table = code("crates/hl7/src/ack.rs");
    let used: Words = ["answer", "judge", "numbered", "take"]
        .iter()
        .flat_map(|file| {
            let path = format!("crates/pipeline/src/listen/{file}.rs");
            behind(&code(&path), "ErrorCode::")
        })
        .collect();
    let numbers = used.iter().map(|name| {
        let row = behind(&table, &format!("Self::{name} => ("));
        row.first()
            .cloned()
            .unwrap_or_else(|| panic!("ErrorCode::{name} has no number"))
    });
    same("What a sender is answered", &numbers.collect());
}

#[test]
fn of_messages_that_are_refused_or_set_aside() {
    let mut words = literals(
        &[
            "crates/pipeline/src/listen/judge.rs",
            "crates/pipeline/src/listen/take.rs",
            "crates/pipeline/src/listen/numbered.rs",
            "crates/pipeline/src/listen/connection.rs",
            "crates/pipeline/src/transform/convert.rs",
            "crates/pipeline/src/transform/output.rs",
        ],
        is_word,
        // The name of a field, the value of a header, and what a span says.
        &["version", "true", "not-kept"],
    );
    words.extend(literals(&["crates/fhir/src/error.rs"], is_word, &[]));
    same("Messages refused, and set aside", &words);
}

#[test]
fn of_values_that_could_not_be_mapped() {
    let words = literals(&["crates/fhir/src/issue.rs"], is_word, &[]);
    same("Values that could not be mapped", &words);
}

#[test]
fn of_connections() {
    let paths = ["listen/closed.rs", "listen/tls/fault.rs"]
        .map(|path| format!("crates/pipeline/src/{path}"));
    let paths = [paths[0].as_str(), paths[1].as_str()];
    same("Connections that end", &literals(&paths, is_word, &[]));
    let http = ["crates/pipeline/src/http/metrics.rs"];
    let words = literals(&http, is_word, &["reason"]);
    same("Connections for health and metrics", &words);
}

#[test]
fn of_audits() {
    let source = code("crates/pipeline/src/audit/verify.rs");
    let (_, faults) = source.split_once("pub enum Fault {").expect("the faults");
    let (faults, _) = faults.split_once("\n}").expect("their end");
    // Variants are indented once, their fields twice.
    let variants = faults
        .lines()
        .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" {"));
    let words = variants.map(|variant| {
        let word = variant.to_lowercase();
        assert!(
            variant[1..] == word[1..],
            "{variant} is of more than one word"
        );
        word
    });
    same("What an audit finds", &words.collect());
}

#[test]
fn of_deviations() {
    let path = "crates/hl7/src/conformance/deviation.rs";
    same("How a message deviates", &literals(&[path], is_word, &[]));
}

#[test]
fn of_commands() {
    let mut codes = behind(&code("crates/kiln/src/failure.rs"), "ExitCode::from(");
    codes.insert("0".to_owned());
    same("Exit codes", &codes);
}

#[test]
fn of_the_operator() {
    let conditions = ["crates/operator/src/controller/judge.rs"];
    let mut reasons = literals(
        &conditions,
        is_reason,
        &[
            "Ready",
            "Progressing",
            "TopicsAsAsked",
            "RolledOut",
            "True",
            "False",
        ],
    );
    for file in ["reconcile", "leave"] {
        let events = code(&format!("crates/operator/src/controller/{file}.rs"));
        reasons.extend(behind(&events, "tell(pipeline, context, \""));
    }
    same("Conditions of a pipeline on Kubernetes", &reasons);
    let mapping = ["crates/operator/src/maps/verdict.rs"];
    same(
        "Condition of a mapping",
        &literals(&mapping, is_reason, &[]),
    );
}
