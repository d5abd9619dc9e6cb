//! Ids that are the same for the same fact, everywhere and at every replay (RFC 9562, UUID version 5).

use sha1::{Digest as _, Sha1};
use uuid::{Builder, Uuid};

use crate::json;

/// Namespace of all ids that Kiln derives. Changing it changes every id.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_3c52_6b0e_5a47_9d2e_4b1c_7f60_a391);

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
    for &byte in text {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[
                b'%',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]);
        }
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Appends `identifier=<system>|<value>` as a search on HTTP wants it (FHIR R4, search, escaping).
pub(crate) fn criteria(system: &[u8], value: &[u8], out: &mut String) {
    out.push_str("identifier=");
    for part in [system, b"|", value] {
        for &byte in part {
            let plain = byte.is_ascii_alphanumeric() || b"-._~:/|".contains(&byte);
            if plain && (byte != b'|' || part.len() == 1) {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// System and value of the first identifier that has both, out of a resource's members as written (`,"name":value…`).
pub(crate) fn of(json: &[u8]) -> Option<(&[u8], &[u8])> {
    items(identifiers(json)).find_map(|item| {
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

/// Whether a resource has an identifier, though it may state no system, out of its members as written.
pub(crate) fn is_numbered(json: &[u8]) -> bool {
    !identifiers(json).is_empty()
}

/// The array of identifiers; empty where there is none.
fn identifiers(json: &[u8]) -> &[u8] {
    let mut members = members(json);
    let found = members.find(|(key, _)| *key == b"identifier");
    found.map_or(b"", |(_, value)| value)
}

/// Appends what a resource says, out of its members as written: with every reference as the bare id, however it is written.
pub(crate) fn said(mut json: &[u8], out: &mut Vec<u8>) {
    const REFERENCE: &[u8] = b"\"reference\":\"";
    while let Some(at) = memchr::memmem::find(json, REFERENCE) {
        let start = at + REFERENCE.len();
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

/// The objects of an array, each without its braces.
fn items(json: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 1;
    std::iter::from_fn(move || {
        if at >= json.len() {
            return None;
        }
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
        && let Some(next) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))
    {
        at += next;
        if json[at] == b'"' {
            return at;
        }
        at += 2;
    }
    json.len()
}
