//! What one instance says of the maps that it was given.

use serde::Deserialize;

/// What one instance says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// All it was given is in force, as this version of the whole.
    InForce {
        /// Digest of all maps together.
        version: String,
    },
    /// Something is wrong, so that nothing of it is in force: the mistakes, one a line.
    Rejected {
        /// The lines.
        why: String,
    },
}

#[derive(Deserialize)]
struct Ready {
    mapping: Maps,
}

#[derive(Deserialize)]
struct Maps {
    version: String,
    rejected: Option<String>,
}

impl Report {
    /// From an answer of `/readyz`; none: it says nothing of maps.
    pub fn of_answer(answer: &str) -> Option<Report> {
        let Maps { version, rejected } = serde_json::from_str::<Ready>(answer).ok()?.mapping;
        Some(rejected.map_or(Report::InForce { version }, |why| Report::Rejected { why }))
    }

    /// From the last words of an instance that ended; none: it ended for something else. `overlay` is where its maps lie.
    pub fn of_last_words(words: &str, overlay: &str) -> Option<Report> {
        words.contains(overlay).then(|| Report::Rejected {
            why: words.to_owned(),
        })
    }
}
