//! A record of any stream: a key, headers, and bytes.

use bytes::{Buf, BufMut, Bytes};
use serde::{Deserialize, Serialize};

/// Names of record headers, the same on Kafka and in the embedded store. None holds a field's content beyond what
/// identifies a message.
pub mod header {
    /// The feed the message belongs to.
    pub const FEED: &str = "feed";
    /// MSH-3 and MSH-4 of the message, `application|facility`.
    pub const SENDER: &str = "sender";
    /// MSH-10.
    pub const CONTROL_ID: &str = "control-id";
    /// MSH-9.1 and MSH-9.2, `ADT^A01`.
    pub const MESSAGE_TYPE: &str = "message-type";
    /// The listener that took the message.
    pub const LISTENER: &str = "listener";
    /// MSH-13 of a message of a feed that numbers its messages.
    pub const SEQUENCE_NUMBER: &str = "sequence-number";
    /// When it was received, in milliseconds since 1970-01-01T00:00Z.
    pub const RECEIVED_AT: &str = "received-at";
    /// The FHIR type of an output.
    pub const RESOURCE_TYPE: &str = "resource-type";
    /// `PUT`, or `POST` for a resource that is mentioned and has an identifier.
    pub const REQUEST_METHOD: &str = "request-method";
    /// As in `Bundle.entry.request.url`.
    pub const REQUEST_URL: &str = "request-url";
    /// As in `Bundle.entry.request.ifNoneExist`.
    pub const REQUEST_IF_NONE_EXIST: &str = "request-if-none-exist";
    /// As in `Bundle.entry.request.ifNoneMatch`: `*` beside a `PUT` of what is only mentioned.
    pub const REQUEST_IF_NONE_MATCH: &str = "request-if-none-match";
    /// Where the raw message lies: `log/partition/offset`.
    pub const SOURCE: &str = "source";
    /// The version of the maps.
    pub const MAPPING: &str = "mapping";
    /// Why a message is a dead letter: a stable word.
    pub const REASON: &str = "reason";
    /// Where in the message, for example `MSH-9` or `byte 17`.
    pub const PLACE: &str = "place";
    /// The reason in a sentence, without content of the message.
    pub const DETAIL: &str = "detail";
    /// `true` on a dead letter that holds only the beginning of what was sent.
    pub const CUT: &str = "cut";
    /// The dead letter, `partition/offset`, that a raw message was appended again from, or that a decision is about.
    pub const LETTER: &str = "letter";
    /// The name of the key by which a value is encrypted. Only on records that are.
    pub const ENCRYPTED_WITH: &str = "encrypted-with";
    /// What was decided about a dead letter: `retried` or `dropped`. Only on records that are decisions.
    pub const DECISION: &str = "decision";
    /// The trace that the message is in, and the span that this record comes of (W3C Trace Context). Only where traces are on.
    pub const TRACEPARENT: &str = "traceparent";
    /// The replay that an output is of; none for what transform emitted.
    pub const REPLAY: &str = "replay";
    /// When that was decided, in milliseconds since 1970-01-01T00:00Z.
    pub const DECIDED_AT: &str = "decided-at";
}

/// Headers in the order they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// None.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Adds one.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The same with one more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Headers {
        self.push(name, value);
        self
    }

    /// All, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// A key, headers, and bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Raw log, dead letters, audit: the feed. FHIR: the resource's id.
    pub key: String,
    /// Raw log and dead letters: the message as received. FHIR and audit: JSON.
    #[serde(with = "in_base64")]
    pub value: Bytes,
    /// What identifies it.
    pub headers: Headers,
}

impl Record {
    /// A header's value, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or("")
    }

    /// The partition of the raw message that an output is of; none when the header [`header::SOURCE`] does not say it.
    pub(crate) fn source_partition(&self) -> Option<i32> {
        let place = self.header(header::SOURCE).rsplit_once('/')?.0;
        place.rsplit_once('/')?.1.parse().ok()
    }

    /// One value for the embedded log: counted strings, then the bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.value.len() + 256);
        put(&mut out, &self.key);
        out.put_u32_le(count(self.headers.0.len()));
        for (name, value) in &self.headers.0 {
            put(&mut out, name);
            put(&mut out, value);
        }
        out.extend_from_slice(&self.value);
        out
    }

    /// The reverse of `encode`; none when the bytes are no record.
    pub(crate) fn decode(mut bytes: &[u8]) -> Option<Record> {
        let key = take(&mut bytes)?;
        let headers = bytes.try_get_u32_le().ok()?;
        let mut record = Record {
            key,
            ..Record::default()
        };
        for _ in 0..headers {
            let name = take(&mut bytes)?;
            record.headers.0.push((name, take(&mut bytes)?));
        }
        record.value = Bytes::copy_from_slice(bytes);
        Some(record)
    }
}

/// Bytes as JSON has them.
mod in_base64 {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        Ok(Bytes::from(bytes))
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn put(out: &mut Vec<u8>, text: &str) {
    out.put_u32_le(count(text.len()));
    out.extend_from_slice(text.as_bytes());
}

fn take(bytes: &mut &[u8]) -> Option<String> {
    let length = bytes.try_get_u32_le().ok()? as usize;
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_record_survives_encoding_and_a_cut_one_is_none() {
        let headers = Headers::new()
            .with(header::FEED, "ward")
            .with(header::CONTROL_ID, "");
        let record = Record {
            key: "ward".into(),
            value: Bytes::from_static(b"MSH|\xff"),
            headers,
        };
        let bytes = record.encode();
        assert_eq!(Record::decode(&bytes).unwrap(), record);
        assert_eq!(Record::decode(&bytes[..10]), None);
    }
}
