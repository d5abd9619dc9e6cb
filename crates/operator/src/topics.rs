//! What an instance says of its topics on Kafka. Pure.

use serde::Deserialize;

/// The status shows so many differences at most; `kiln topics check` has them all.
const MAX_DRIFTS: usize = 10;
/// And so much of each, in characters.
const MAX_DRIFT_CHARS: usize = 300;

#[derive(Deserialize)]
struct Ready {
    topics: Option<Topics>,
}

#[derive(Deserialize)]
struct Topics {
    drifted: Vec<String>,
}

/// What of the topics is not as asked, from an answer of `/readyz`; none: the instance does not know yet.
pub fn drifted(answer: &str) -> Option<Vec<String>> {
    let drifted = serde_json::from_str::<Ready>(answer).ok()?.topics?.drifted;
    let more = drifted.len().saturating_sub(MAX_DRIFTS);
    let shown = drifted.into_iter().take(MAX_DRIFTS);
    let mut shown: Vec<String> = shown
        .map(|drift| drift.chars().take(MAX_DRIFT_CHARS).collect())
        .collect();
    if more > 0 {
        shown.push(format!("and {more} more"));
    }
    Some(shown)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_instance_that_has_looked_says_something() {
        for silent in ["", "no JSON", "{}", "{\"topics\":null}", "{\"topics\":{}}"] {
            assert_eq!(drifted(silent), None, "{silent}");
        }
        let answer = json!({"ready": true, "topics": {"drifted": []}});
        assert_eq!(drifted(&answer.to_string()), Some(Vec::new()));
    }

    #[test]
    fn what_is_shown_is_bounded() {
        let many = vec!["ü".repeat(1000); 25];
        let answer = json!({"topics": {"drifted": many}}).to_string();
        let shown = drifted(&answer).unwrap();
        assert_eq!(shown.len(), MAX_DRIFTS + 1);
        assert_eq!(shown[0].chars().count(), MAX_DRIFT_CHARS);
        assert_eq!(shown[MAX_DRIFTS], "and 15 more");
    }
}
