//! What is seen of what is tried.

use serde::Deserialize;

use crate::api::ElementChange;

/// The status shows so many elements; `/differences` of the shadow has them all.
const MAX_CHANGES: usize = 10;
/// And so much of each name, in characters.
const MAX_ELEMENT_CHARS: usize = 120;

/// What is seen of what is tried, since it began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen {
    /// Why it cannot work at all.
    pub broken: Option<String>,
    /// Messages that it worked on.
    pub messages: i64,
    /// Those of them that it gave something else for; only of maps in shadow.
    pub differing: i64,
    /// Those of them that failed: in shadow, those that only the new maps cannot convert.
    pub failing: i64,
    /// How many of a thousand fail beside it, with what is in force.
    pub usual_per_thousand: i64,
    /// The 99th percentile of its acknowledgments in milliseconds; none: too few to say.
    pub ack_milliseconds: Option<f64>,
    /// What differs, the most frequent first.
    pub changes: Vec<ElementChange>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Differences {
    messages: i64,
    differing: i64,
    failing: i64,
    changes: Vec<ElementChange>,
}

/// From an answer of a shadow's `/differences`; none: it is no such answer.
pub fn differences(answer: &str) -> Option<Seen> {
    let mut told: Differences = serde_json::from_str(answer).ok()?;
    told.changes.truncate(MAX_CHANGES);
    for change in &mut told.changes {
        if let Some((end, _)) = change.element.char_indices().nth(MAX_ELEMENT_CHARS) {
            change.element.truncate(end);
        }
    }
    Some(Seen {
        messages: told.messages,
        differing: told.differing,
        failing: told.failing,
        changes: told.changes,
        ..Seen::default()
    })
}
