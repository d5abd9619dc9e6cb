//! Our reading beside that of other parsers. Each disagreement is of a class that DISAGREEMENTS.md tells, with the clause
//! that decides it; a disagreement of no class, and a class without a disagreement, fail.

mod messages;
mod peers;
mod reading;
mod verdict;

use std::collections::BTreeSet;

use reading::Outcome;
use verdict::Peer;

/// The classes that DISAGREEMENTS.md tells of a peer: the headings of third level within its section.
fn told(peer: Peer) -> BTreeSet<&'static str> {
    let section = include_str!("../../DISAGREEMENTS.md")
        .split("\n## ")
        .find(|section| section.starts_with(peer.name()))
        .expect("each peer has its section");
    section
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .collect()
}

fn compare(peer: Peer, messages: &[String], outcomes: &[Outcome]) {
    let mut seen = BTreeSet::new();
    let mut unknown = Vec::new();
    let mut agreed = 0;
    for (message, outcome) in messages.iter().zip(outcomes) {
        match peer.classes(message, outcome) {
            Ok(classes) => {
                agreed += usize::from(classes.is_empty());
                seen.extend(classes);
            }
            Err(difference) => unknown.push(difference),
        }
    }
    println!(
        "{}: {agreed} of {} messages read alike",
        peer.name(),
        messages.len()
    );
    let shown: Vec<&String> = unknown.iter().take(5).collect();
    assert!(
        unknown.is_empty(),
        "{} disagreements of no class, as {shown:#?}",
        unknown.len()
    );
    assert_eq!(seen, told(peer));
}

#[test]
fn hl7_parser_disagrees_as_told() {
    let messages = messages::all();
    let outcomes: Vec<Outcome> = messages
        .iter()
        .map(|message| peers::hl7_parser(message))
        .collect();
    compare(Peer::Hl7Parser, &messages, &outcomes);
}

#[test]
fn rust_hl7_disagrees_as_told() {
    let messages = messages::all();
    let outcomes: Vec<Outcome> = messages
        .iter()
        .map(|message| peers::rust_hl7(message))
        .collect();
    compare(Peer::RustHl7, &messages, &outcomes);
}

#[test]
#[ignore = "needs Java; run by `cargo xtask test differential`"]
fn hapi_disagrees_as_told() {
    let class_path =
        std::env::var("KILN_HAPI_PARSER").expect("the class path of tests/java/parser");
    let messages = messages::all();
    compare(Peer::Hapi, &messages, &peers::hapi(&class_path, &messages));
}
