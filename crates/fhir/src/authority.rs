//! Assigning authorities (HD, HL7 v2.9 §2A.2.34) as URIs.

use uuid::Uuid;

use crate::identity;
use crate::place::Places;
use crate::plan::{Source, Table};
use crate::split::Piece;

/// An assigning authority in the message: a field of its own, or a component.
#[derive(Clone, Copy)]
pub(crate) enum Authority {
    Field(Piece),
    Component(Piece),
    /// An EI, whose namespace and universal id follow its identifier (HL7 v2.9 §2A.2.27).
    Entity(Piece),
}

impl Authority {
    /// What lies at a source.
    pub(crate) fn at(source: Source, piece: Piece) -> Authority {
        if source.component == 0 {
            Authority::Field(piece)
        } else {
            Authority::Component(piece)
        }
    }
}

/// The URI of an assigning authority (HD, HL7 v2.9 §2A.2.34): its universal id, else its name, so that two stay distinct.
///
/// What the site says of the name or of the universal id goes before that.
pub(crate) fn hd_uri(
    places: &Places<'_>,
    authority: Authority,
    site: Option<&Table>,
    out: &mut Vec<u8>,
    scratch: &mut String,
) -> bool {
    let part = |number| match authority {
        Authority::Field(piece) => places.part(piece, number),
        Authority::Component(piece) => places.subpart(piece, number),
        Authority::Entity(piece) => places.part(piece, number + 1),
    };
    if let Some(site) = site {
        for piece in [part(1), part(2)] {
            if let Some(text) = piece.and_then(|piece| places.text_of(piece, scratch))
                && let Some(entry) = site.get(text.as_bytes())
            {
                out.extend_from_slice(entry.code.as_bytes());
                return true;
            }
        }
    }
    let iso = part(3).map_or(&b""[..], |piece| places.raw(piece));
    let universal = part(2);
    if let Some(text) = universal.and_then(|piece| places.text_of(piece, scratch)) {
        let prefix: Option<&[u8]> = match iso {
            b"ISO" if is_any_oid(text) => Some(b"urn:oid:"),
            b"" if is_oid(text) => Some(b"urn:oid:"),
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
            if prefix == b"urn:uuid:"
                && let Ok(uuid) = Uuid::try_parse(text)
            {
                let mut hyphenated = Uuid::encode_buffer();
                out.extend_from_slice(uuid.hyphenated().encode_lower(&mut hyphenated).as_bytes());
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            return true;
        }
    }
    for piece in [part(1), universal] {
        if let Some(text) = piece.and_then(|piece| places.text_of(piece, scratch)) {
            out.extend_from_slice(b"urn:kiln:authority:");
            identity::percent_encode(text.as_bytes(), out);
            return true;
        }
    }
    false
}

/// Whether a text that claims nothing is an object identifier. Fewer than four arcs may be a version as well.
pub(crate) fn is_oid(text: &str) -> bool {
    arcs(text).is_some_and(|arcs| arcs > 3)
}

/// Whether a text is an object identifier (FHIR R4, oid); two arcs name a standards body's branch, never an authority.
pub(crate) fn is_any_oid(text: &str) -> bool {
    arcs(text).is_some_and(|arcs| arcs > 2)
}

/// The arcs of an object identifier, of which none begins with a zero that says nothing; `None`: it is none.
fn arcs(text: &str) -> Option<usize> {
    if !matches!(text.as_bytes(), [b'0'..=b'2', b'.', ..]) {
        return None;
    }
    let mut count = 0;
    for arc in text.as_bytes().split(|byte| *byte == b'.') {
        let is_arc = match arc {
            [b'0'] => true,
            [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !is_arc {
            return None;
        }
        count += 1;
    }
    Some(count)
}
