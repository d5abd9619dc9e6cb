//! Assigning authorities (HD, HL7 v2.9 §2A.2.34) as URIs.

use uuid::Uuid;

use crate::identity;

/// The URI of an assigning authority (HD, HL7 v2.9 §2A.2.34): its universal id, else its name, so that two stay distinct.
pub(crate) fn hd_uri(value: kiln_hl7::Value<'_>, out: &mut Vec<u8>, scratch: &mut String) -> bool {
    let iso = value.part(3).raw();
    let universal = value.part(2);
    if universal.is_valued()
        && let Ok(text) = universal.text_in(scratch)
    {
        let text = text.trim();
        let prefix: Option<&[u8]> = match iso {
            b"ISO" | b"" if is_oid(text) => Some(b"urn:oid:"),
            b"UUID" | b"GUID" if Uuid::try_parse(text).is_ok() => Some(b"urn:uuid:"),
            b"URI" | b"URL" if !text.is_empty() && !text.contains(char::is_whitespace) => Some(b""),
            b"DNS"
                if !text.is_empty()
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) =>
            {
                Some(b"http://")
            }
            _ => None,
        };
        if let Some(prefix) = prefix {
            out.extend_from_slice(prefix);
            if prefix == b"urn:uuid:" {
                out.extend(text.bytes().map(|b| b.to_ascii_lowercase()));
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            return true;
        }
    }
    for part in [value.part(1), universal] {
        if part.is_valued()
            && let Ok(text) = part.text_in(scratch)
            && !text.trim().is_empty()
        {
            out.extend_from_slice(b"urn:kiln:authority:");
            identity::percent_encode(text.trim().as_bytes(), out);
            return true;
        }
    }
    false
}

/// Whether a text is an object identifier (FHIR R4, oid). Fewer than four arcs name a standard, never an authority.
pub(crate) fn is_oid(text: &str) -> bool {
    let arc = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    text.split('.').all(arc)
        && text.bytes().filter(|b| *b == b'.').take(3).count() == 3
        && matches!(text.as_bytes(), [b'0'..=b'2', b'.', ..])
}
