//! Ids that are the same for the same fact, everywhere and at every replay (RFC 9562, UUID version 5).

use std::sync::LazyLock;

use memchr::memmem::Finder;
use sha1::{Digest as _, Sha1};
use uuid::fmt::Hyphenated;
use uuid::{Builder, Uuid};

use crate::json;

/// Namespace of all ids that Kiln derives. Changing it changes every id.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_3c52_6b0e_5a47_9d2e_4b1c_7f60_a391);

/// An id and its text, which is written wherever the resource is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) uuid: Uuid,
    text: [u8; Hyphenated::LENGTH],
}

impl Id {
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }
}

impl From<Uuid> for Id {
    fn from(uuid: Uuid) -> Id {
        let mut text = [0; Hyphenated::LENGTH];
        uuid.hyphenated().encode_lower(&mut text);
        Id { uuid, text }
    }
}

pub(crate) fn id(seed: &[u8]) -> Uuid {
    let digest: [u8; 20] = Sha1::new()
        .chain_update(NAMESPACE.as_bytes())
        .chain_update(seed)
        .finalize()
        .into();
    let [bytes @ .., _, _, _, _] = digest;
    Builder::from_sha1_bytes(bytes).into_uuid()
}

/// The id of one more of what says the same: two facts that the message does not tell apart are still two.
pub(crate) fn another(seed: &mut Vec<u8>, number: u32) -> Uuid {
    seed.extend_from_slice(b"|#");
    json::number(number.into(), seed);
    id(seed)
}

/// Appends `text` with everything percent-encoded that has a meaning in a URI (RFC 3986 §2.3).
pub(crate) fn percent_encode(text: &[u8], out: &mut Vec<u8>) {
    encode(text, b"-._~", out);
}

/// Appends `text` with all percent-encoded but letters, digits and what is in `plain`.
fn encode(text: &[u8], plain: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            out.push(byte);
        } else {
            let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
            out.extend_from_slice(&[b'%', HEX[high], HEX[low]]);
        }
    }
}

/// Appends `identifier=<system>|<value>` as a search on HTTP wants it (FHIR R4, search, escaping).
pub(crate) fn criteria(system: &[u8], value: &[u8], out: &mut Vec<u8>) {
    const PLAIN: &[u8] = b"-._~:/";
    out.extend_from_slice(b"identifier=");
    encode(system, PLAIN, out);
    out.push(b'|');
    encode(value, PLAIN, out);
}

/// The identifiers of a resource, an array and what follows it, out of its members as written (`,"name":value…`); empty
/// where there is none.
pub(crate) fn identifiers(json: &[u8]) -> &[u8] {
    static KEY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"identifier\":["));
    // R4 has them before all else that most resources say; and a search is faster than a walk.
    if let Some(first) = json.strip_prefix(b",\"identifier\":") {
        return first;
    }
    if KEY.find(json).is_none() {
        return b"";
    }
    let mut members = members(json);
    let found = members.find(|(key, _)| *key == b"identifier");
    found.map_or(b"", |(_, value)| value)
}

/// System and value of the first identifier that has both.
pub(crate) fn of(identifiers: &[u8]) -> Option<(&[u8], &[u8])> {
    items(identifiers).find_map(|item| {
        let (mut system, mut value): (&[u8], &[u8]) = (b"", b"");
        for (key, text) in members(item) {
            match key {
                b"system" => system = text.get(1..text.len() - 1).unwrap_or_default(),
                b"value" => value = text.get(1..text.len() - 1).unwrap_or_default(),
                _ => {}
            }
        }
        (!system.is_empty() && !value.is_empty()).then_some((system, value))
    })
}

/// Appends what a resource says, out of its members as written: with every reference as the bare id, however it is written.
pub(crate) fn said(mut json: &[u8], out: &mut Vec<u8>) {
    static REFERENCE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"reference\":\""));
    while let Some(at) = REFERENCE.find(json) {
        let start = at + REFERENCE.needle().len();
        let end = text_end(json, start);
        let id = json[start..end]
            .iter()
            .rposition(|byte| b"/:".contains(byte))
            .map_or(start, |before| start + before + 1);
        out.extend_from_slice(&json[..start]);
        out.extend_from_slice(&json[id..end]);
        json = &json[end..];
    }
    out.extend_from_slice(json);
}

/// The reference in `partOf`, as written, when a resource says nothing else.
pub(crate) fn whole(json: &[u8]) -> Option<&[u8]> {
    const PART: &[u8] = b",\"partOf\":{\"reference\":";
    let reference = json.strip_prefix(PART)?.strip_suffix(b"}")?;
    (text_end(reference, 1) + 1 == reference.len()).then_some(reference)
}

/// The members of an object written without its braces.
fn members(json: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let open = json[at..].iter().position(|&byte| byte == b'"')?;
        let start = at + open + 1;
        let end = text_end(json, start);
        let value = end + 2;
        at = value_end(json, value);
        Some((json.get(start..end)?, json.get(value..at)?))
    })
}

/// The objects of the array that a text begins with, each without its braces.
fn items(json: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        let (b'[' | b',') = *json.get(at - 1)? else {
            return None;
        };
        let end = value_end(json, at);
        let item = json.get(at + 1..end.saturating_sub(1))?;
        at = end + 1;
        Some(item)
    })
}

/// Where the value that starts at `at` ends: before the comma or bracket that follows it.
fn value_end(json: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(&byte) = json.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return at,
            b'}' | b']' => depth -= 1,
            b'"' => at = text_end(json, at + 1),
            _ => {}
        }
        at += 1;
    }
    json.len()
}

/// Where the text that starts at `at` ends: at its closing quote.
fn text_end(json: &[u8], mut at: usize) -> usize {
    while let Some(rest) = json.get(at..)
        && let Some(next) = memchr::memchr2(b'"', b'\\', rest)
    {
        at += next;
        if json[at] == b'"' {
            return at;
        }
        at += 2;
    }
    json.len()
}
