//! Messages whose every field is marked, and the search for the marks.

use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::text;

/// Stands in every field; after it the number of the field.
pub(crate) const MARK: &str = "zqmark";
/// Stands in the header's fields that a masked message shows all the same: receiver, processing id, version, character set.
pub(crate) const HEAD: &str = "zqhead";

/// Whether the mark is in these bytes.
pub(crate) fn holds_mark(bytes: &[u8]) -> bool {
    holds(bytes, MARK)
}

/// In any case, as it is or in base64.
fn holds(bytes: &[u8], mark: &str) -> bool {
    let lower = bytes.to_ascii_lowercase();
    let plain = lower
        .windows(mark.len())
        .any(|part| part == mark.as_bytes());
    // Base64 of text has three forms, by where in a group of three it begins; without what the neighbours have a part in.
    let encoded = (0..3).any(|skip| {
        let text = [&vec![b' '; skip], mark.to_uppercase().as_bytes()].concat();
        let all = STANDARD.encode(text);
        let inner = all.trim_end_matches('=');
        let inner = &inner[if skip == 0 { 0 } else { skip + 1 }..inner.len() - 1];
        bytes
            .windows(inner.len())
            .any(|part| part == inner.as_bytes())
    });
    plain || encoded
}

/// A segment with a mark in every field, repetition and component.
pub(crate) fn segment(name: &str, fields: usize) -> String {
    let field = |n: usize| format!("{}{n}^{0}A~{0}B&{0}C", MARK.to_uppercase());
    let fields: Vec<String> = (1..=fields).map(field).collect();
    format!("{name}|{}\r", fields.join("|"))
}

/// A message of that type and control id, all else marked; `version` is MSH-12.
pub(crate) fn message(message_type: &str, control_id: &str, version: &str) -> String {
    let (mark, head) = (MARK.to_uppercase(), HEAD.to_uppercase());
    let mut text = format!(
        "MSH|^~\\&|SENDER|NORTH|{head}5|{head}6|20260102030405|{mark}8|{message_type}|{control_id}|{head}11|{version}|{mark}13|{mark}14\r"
    );
    for (name, fields) in [
        ("EVN", 7),
        ("PID", 39),
        ("PD1", 21),
        ("NK1", 39),
        ("PV1", 52),
        ("PV2", 49),
        ("ORC", 31),
        ("OBR", 50),
        ("OBX", 25),
        ("NTE", 4),
        ("AL1", 6),
        ("DG1", 21),
        ("IN1", 53),
        ("QPD", 8),
        ("ZZZ", 5),
    ] {
        text.push_str(&segment(name, fields));
    }
    text
}

/// What was shown somewhere, to be searched.
#[derive(Default)]
pub(crate) struct Shown(Vec<(String, Vec<u8>, &'static [&'static str])>);

/// What must not be in a message that is shown masked, and what nowhere else.
const OF_MASKED: &[&str] = &[MARK];
const OF_ALL: &[&str] = &[MARK, HEAD];

impl Shown {
    pub(crate) fn take(&mut self, what: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.to_owned(), bytes.into(), OF_ALL));
    }

    /// Messages, masked.
    pub(crate) fn masked(&mut self, what: &str, bytes: impl Into<Vec<u8>>) {
        self.0.push((what.to_owned(), bytes.into(), OF_MASKED));
    }

    /// Both outputs of a command.
    pub(crate) fn run(&mut self, command: &mut Command) {
        let output = command.stdin(Stdio::null()).output().unwrap();
        let what = format!("{command:?}");
        if what.contains("\"show\"") {
            self.masked(&what, output.stdout);
        } else {
            self.take(&what, output.stdout);
        }
        self.take(&what, output.stderr);
    }

    /// Nothing holds the mark.
    pub(crate) fn judge(&self) {
        let mut leaks = Vec::new();
        for (what, bytes, marks) in &self.0 {
            if let Some(mark) = marks.iter().find(|mark| holds(bytes, mark)) {
                let all = text(bytes);
                let line = all.lines().find(|line| holds(line.as_bytes(), mark));
                leaks.push(format!("{what}: {}", line.unwrap_or("over several lines")));
            }
        }
        assert!(
            leaks.is_empty(),
            "content of messages in:\n{}",
            leaks.join("\n")
        );
    }
}
