//! Ids that are the same for the same fact, everywhere and at every replay (RFC 9562, UUID version 5).

use uuid::Uuid;

/// Namespace of all ids that Kiln derives. Changing it changes every id.
const NAMESPACE: Uuid = Uuid::from_u128(0x8f1d_3c52_6b0e_5a47_9d2e_4b1c_7f60_a391);

pub(crate) fn id(seed: &[u8]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, seed)
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

/// Appends a resource's JSON with the ids alone of what it refers to, so that both ways to write a reference give one seed.
pub(crate) fn content(json: &[u8], seed: &mut Vec<u8>) {
    const KEY: &[u8] = b"\"reference\":\"";
    let mut rest = json;
    while let Some(start) = rest.windows(KEY.len()).position(|window| window == KEY) {
        let (before, value) = rest.split_at(start + KEY.len());
        seed.extend_from_slice(before);
        let end = value
            .iter()
            .position(|&byte| byte == b'"')
            .unwrap_or(value.len());
        let prefix = value[..end]
            .iter()
            .rposition(|byte| b"/:".contains(byte))
            .map_or(0, |at| at + 1);
        rest = &value[prefix..];
    }
    seed.extend_from_slice(rest);
}

/// System and value of the first identifier in a resource's JSON, as written there.
pub(crate) fn first_identifier(json: &[u8]) -> Option<(&[u8], &[u8])> {
    const KEY: &[u8] = b",\"identifier\":[{";
    let start = json.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let (mut depth, mut at) = (0_usize, start);
    let (mut system, mut value): (&[u8], Option<&[u8]>) = (b"", None);
    let mut key: &[u8] = b"";
    while at < json.len() {
        match json[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 0 => break,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let open = at + 1;
                at = open;
                while at < json.len() && json[at] != b'"' {
                    at += if json[at] == b'\\' { 2 } else { 1 };
                }
                let text = json.get(open..at).unwrap_or_default();
                if json.get(at + 1) == Some(&b':') {
                    key = text;
                } else if depth == 0 && key == b"system" {
                    system = text;
                } else if depth == 0 && key == b"value" {
                    value = Some(text);
                }
            }
            _ => {}
        }
        at += 1;
    }
    value.map(|value| (system, value))
}
