//! Whether chains of audit events are whole, by what `AUDIT.md` says of them and nothing else.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Follows the chains that events, each as it lies in its stream, are in; how many events of messages there are.
///
/// # Panics
/// When an event is in no chain, or is not behind the one that it names.
pub fn follow_chains(events: &[String]) -> usize {
    let mut ends: BTreeMap<String, (u64, String)> = BTreeMap::new();
    let mut receipts = 0;
    for event in events {
        let value: Value = serde_json::from_str(event).expect("an audit event must be JSON");
        let part = |name: &str| {
            let parts = value["extension"][0]["extension"].as_array();
            let found = parts.and_then(|parts| parts.iter().find(|part| part["url"] == name));
            let text = found.and_then(|part| part["valueString"].as_str());
            text.expect("an audit event must be in a chain").to_owned()
        };
        let number: u64 = part("number").parse().expect("a number");
        let before = ends.remove(&part("chain"));
        let (last, digest) = before.unwrap_or_else(|| (0, "0".repeat(64)));
        assert_eq!(
            (number, part("previous")),
            (last + 1, digest),
            "behind {last} of {}",
            part("chain")
        );
        let digest = format!("{:x}", Sha256::digest(event.as_bytes()));
        ends.insert(part("chain"), (number, digest));
        receipts += usize::from(value["subtype"][0]["code"] == "receipt");
    }
    receipts
}
