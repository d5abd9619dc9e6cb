//! Chains of records: each names its chain, its number in it, and the digest of the record before it.
//!
//! A digest is SHA-256 over the bytes of a record as they stand in the stream. Who changes a record changes its digest, which
//! the next one names; who removes one leaves a gap in the numbers. The link is an extension at the end of the `AuditEvent`.

use std::fmt::Write as _;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Names the extension that holds a link.
const URL: &str = "https://kiln.health/fhir/audit-chain";
/// What the first record of a chain names in place of a digest.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// How far a chain is: its last record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Head {
    /// The chain: who writes it, and since when.
    pub chain: String,
    /// The number of its last record; they count from 1.
    pub number: u64,
    /// The digest of its last record, in hexadecimal.
    pub digest: String,
}

/// The place of a record in its chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The chain.
    pub chain: String,
    /// The number within it.
    pub number: u64,
    /// The digest of the record before.
    pub previous: String,
}

impl Head {
    /// A chain without records, of a writer that has none to go on with.
    pub(crate) fn begin(writer: &str) -> Head {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
        Head {
            chain: format!("{writer}@{now}"),
            number: 0,
            digest: NOTHING.to_owned(),
        }
    }

    /// The head that a store has kept as text; none when it has kept none.
    pub(crate) fn kept(text: &str) -> Option<Head> {
        serde_json::from_str(text).ok()
    }

    /// The head of a chain whose last record this is; none when the record is in no chain.
    pub(crate) fn of(record: &[u8]) -> Option<Head> {
        let link = Link::of(record)?;
        Some(Head {
            chain: link.chain,
            number: link.number,
            digest: digest(record),
        })
    }

    /// As text, to be kept.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Puts an event behind this head: its bytes with the link, which are the head's then. The event is a JSON object without
    /// extensions.
    pub(crate) fn seal(&mut self, event: &[u8]) -> Bytes {
        let event = event.strip_suffix(b"}").unwrap_or(event);
        self.number += 1;
        let chain = serde_json::Value::from(self.chain.as_str());
        let mut sealed = String::with_capacity(event.len() + 400);
        sealed.push_str(&String::from_utf8_lossy(event));
        let _ = write!(
            sealed,
            "{}\"extension\":[{{\"url\":\"{URL}\",\"extension\":[\
             {{\"url\":\"chain\",\"valueString\":{chain}}},\
             {{\"url\":\"number\",\"valueString\":\"{}\"}},\
             {{\"url\":\"previous\",\"valueString\":\"{}\"}}]}}]}}",
            if event == b"{" { "" } else { "," },
            self.number,
            self.digest
        );
        self.digest = digest(sealed.as_bytes());
        Bytes::from(sealed)
    }
}

impl Link {
    /// The link of a record; none when it has none, or is no JSON.
    pub fn of(record: &[u8]) -> Option<Link> {
        let record: Extended = serde_json::from_slice(record).ok()?;
        let link = record.extension.iter().find(|one| one.url == URL)?;
        let part = |name: &str| {
            let found = link.parts.iter().find(|part| part.url == name)?;
            found.value_string.clone()
        };
        Some(Link {
            chain: part("chain")?,
            number: part("number")?.parse().ok()?,
            previous: part("previous")?,
        })
    }

    /// Whether it is to be the first of its chain.
    pub(super) fn is_first(&self) -> bool {
        self.number == 1 && self.previous == NOTHING
    }
}

/// SHA-256 in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extended {
    #[serde(default)]
    extension: Vec<Extension>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Extension {
    url: String,
    value_string: Option<String>,
    #[serde(default, rename = "extension")]
    parts: Vec<Extension>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_sealed_event_is_json_and_names_the_digest_of_the_one_before() {
        // Expected digest: `printf '' | sha256sum`.
        assert_eq!(
            digest(b""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        let mut head = Head::begin("a \"writer\"");
        let first = head.seal(br#"{"resourceType":"AuditEvent"}"#);
        let second = head.seal(b"{}");
        let (one, two) = (Link::of(&first).unwrap(), Link::of(&second).unwrap());
        assert!(one.is_first() && !two.is_first());
        assert!(one.chain.starts_with("a \"writer\"@") && one.chain == two.chain);
        assert_eq!((two.number, two.previous), (2, digest(&first)));
        assert_eq!(head.digest, digest(&second));
        assert_eq!(Head::kept(&head.text()), Some(head));
        let value: serde_json::Value = serde_json::from_slice(&first).unwrap();
        assert_eq!(value["resourceType"], "AuditEvent");
    }

    #[test]
    fn what_has_no_link_is_told_from_what_has() {
        for bytes in [&b"{}"[..], b"", b"[]", br#"{"extension":[{"url":"x"}]}"#] {
            assert_eq!(Link::of(bytes), None);
        }
    }
}
