//! Judges an output against what was acknowledged: a function of values, without I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::Record;

/// How many findings of a kind a verdict prints.
const SHOWN: usize = 20;

/// Collects what must come out and what did.
#[derive(Debug, Default)]
pub struct Checker {
    expected: BTreeMap<Record, usize>,
    optional: BTreeSet<String>,
    observed: BTreeMap<Record, usize>,
    /// By feed and resource type: the last place seen.
    last: BTreeMap<(String, String), u64>,
    reordered: Vec<String>,
    /// By resource type and id: what was said of it last, as a consumer that applies every record in order has it, and
    /// whether it was ever retired.
    state: BTreeMap<(String, String), (Record, bool)>,
}

/// What is wrong with an output. Empty lists: nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Expected, acknowledged, and not there.
    pub lost: Vec<String>,
    /// There more often than expected.
    pub doubled: Vec<String>,
    /// There and not expected at all.
    pub unknown: Vec<String>,
    /// There after a later message of its feed.
    pub reordered: Vec<String>,
    /// Retired once, and in use again at the end.
    pub revived: Vec<String>,
}

impl Checker {
    /// Expects nothing yet.
    pub fn new() -> Checker {
        Checker::default()
    }

    /// A resource that a message gives. Said twice, it must come twice.
    pub fn expect(&mut self, record: &Record) {
        *self.expected.entry(record.clone()).or_default() += 1;
    }

    /// The message was never acknowledged: its resources may be there once or not at all, but never in part.
    pub fn never_acknowledged(&mut self, control_id: &str) {
        self.optional.insert(control_id.to_owned());
    }

    /// A record, in the order in which its topic or file holds it. What a merge retires must not be named by a later message
    /// of its feed.
    pub fn observe(&mut self, record: &Record) {
        *self.observed.entry(record.clone()).or_default() += 1;
        let resource = (record.resource_type.clone(), record.id.clone());
        let retired = self
            .state
            .get(&resource)
            .is_some_and(|(_, retired)| *retired);
        let now = (record.clone(), retired || record.retired);
        self.state.insert(resource, now);
        let Some((feed, place)) = place(&record.control_id) else {
            return;
        };
        let last = self
            .last
            .entry((feed.to_owned(), record.resource_type.clone()))
            .or_insert(place);
        if place < *last {
            self.reordered.push(name(record));
        } else {
            *last = place;
        }
    }

    /// The judgement over all that was said.
    pub fn verdict(&self) -> Verdict {
        let begun: BTreeSet<&str> = self
            .observed
            .keys()
            .map(|record| record.control_id.as_str())
            .collect();
        let mut verdict = Verdict {
            reordered: self.reordered.clone(),
            ..Verdict::default()
        };
        for (record, expected) in &self.expected {
            let observed = self.observed.get(record).copied().unwrap_or(0);
            let excused = self.optional.contains(&record.control_id)
                && !begun.contains(record.control_id.as_str());
            if observed < *expected && !excused {
                verdict.lost.push(name(record));
            }
            if observed > *expected {
                verdict.doubled.push(name(record));
            }
        }
        verdict.unknown = self
            .observed
            .keys()
            .filter(|record| !self.expected.contains_key(record))
            .map(name)
            .collect();
        verdict.revived = self
            .state
            .values()
            .filter(|(last, retired)| *retired && !last.retired)
            .map(|(last, _)| name(last))
            .collect();
        verdict
    }
}

impl Verdict {
    /// Over an output of which exactly this is expected, since all of its messages were acknowledged.
    pub fn of(expected: &[Record], observed: &[Record]) -> Verdict {
        let mut checker = Checker::new();
        for record in expected {
            checker.expect(record);
        }
        for record in observed {
            checker.observe(record);
        }
        checker.verdict()
    }

    /// Nothing is wrong.
    pub fn is_clean(&self) -> bool {
        *self == Verdict::default()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, list) in [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("unknown", &self.unknown),
            ("out of order", &self.reordered),
            ("retired and in use again", &self.revived),
        ] {
            if !list.is_empty() {
                let shown = list
                    .iter()
                    .take(SHOWN)
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(", ");
                writeln!(
                    f,
                    "{what}: {} ({shown}{})",
                    list.len(),
                    if list.len() > SHOWN { ", …" } else { "" }
                )?;
            }
        }
        Ok(())
    }
}

/// Feed and place, as the control ids of [`crate::Feed`] state them.
fn place(control_id: &str) -> Option<(&str, u64)> {
    let (feed, place) = control_id.rsplit_once('-')?;
    Some((feed, place.parse().ok()?))
}

fn name(record: &Record) -> String {
    format!(
        "{} {}/{}",
        record.control_id, record.resource_type, record.id
    )
}
