//! What becomes of a message by the maps in force, and by an overlay over them.

use std::collections::HashMap;

use kiln_fhir::{
    Conversion, ConvertOptions, Explanation, MapError, MapSource, Mapper, UtcOffset, indent,
};
use kiln_hl7::{Charset, Index, Message, batch};

/// The name that mistakes of the overlay are told under.
const OVERLAY: &str = "playground.yaml";

/// What is tried.
pub(super) struct Trial<'t> {
    /// As pasted.
    pub(super) message: &'t str,
    /// One more file of an overlay; may be empty.
    pub(super) overlay: &'t str,
    /// The site's offset from UTC.
    pub(super) default_offset: UtcOffset,
}

/// A message as bytes, and what was done so that they are one.
pub(super) struct Pasted {
    pub(super) bytes: Vec<u8>,
    /// Messages that were pasted; the first is shown.
    pub(super) count: usize,
    /// The character set that MSH-18 named, of which a text that was pasted is not.
    pub(super) was: Option<Charset>,
}

/// What became of it.
pub(super) enum Became {
    /// A filter of the site drops it.
    Dropped(String),
    /// It is a dead letter: why.
    Dead(String),
    Fhir(Fhir),
}

pub(super) struct Fhir {
    pub(super) explanation: Explanation,
    /// Indented JSON of each resource.
    pub(super) json: Vec<String>,
    /// What the maps in force make of it, when an overlay is tried.
    pub(super) before: Option<Before>,
}

/// Values by resource and path, without the overlay.
pub(super) type Before = HashMap<String, String>;

impl Pasted {
    /// The first message of a text, with the line ends of HL7v2. A text is Unicode whatever MSH-18 says.
    pub(super) fn of(text: &str) -> Result<Pasted, String> {
        let text = text.replace("\r\n", "\r").replace('\n', "\r");
        let text = text.trim().to_owned() + "\r";
        let bytes = text.as_bytes();
        let count = batch::messages(bytes).count();
        let first = batch::messages(bytes).next().unwrap_or(bytes);
        let mut index = Index::new();
        let message = Message::parse(first, &mut index).map_err(|error| error.to_string())?;
        let named = message.charset();
        // Without MSH-18 what is beyond ASCII is read as UTF-8 where it can be.
        if first.is_ascii() || named == Charset::Utf8 || message.msh().field(18).raw().is_empty() {
            return Ok(Pasted {
                bytes: first.to_vec(),
                count,
                was: None,
            });
        }
        let field = message.msh().field(18);
        let said = field.offset()..field.offset() + field.raw().len();
        let mut bytes = first.to_vec();
        bytes.splice(said, Charset::Utf8.name().bytes());
        Ok(Pasted {
            bytes,
            count,
            was: Some(named),
        })
    }
}

/// The maps with the overlay that is tried over those in force; none when there is none.
pub(super) fn tried(mapper: &Mapper, trial: &Trial<'_>) -> Result<Option<Mapper>, Vec<MapError>> {
    if trial.overlay.trim().is_empty() {
        return Ok(None);
    }
    let file = MapSource {
        path: OVERLAY,
        text: trial.overlay,
    };
    mapper.extended(file).map(Some).map_err(|errors| errors.0)
}

/// What the message becomes, and what it became before.
pub(super) fn became(
    message: Message<'_>,
    in_force: &Mapper,
    tried: Option<&Mapper>,
    default_offset: UtcOffset,
) -> Became {
    let mut became = by(message, tried.unwrap_or(in_force), default_offset);
    if let (Became::Fhir(fhir), Some(_)) = (&mut became, tried) {
        fhir.before = Some(match by(message, in_force, default_offset) {
            Became::Fhir(before) => values(&before.explanation),
            _ => Before::new(),
        });
    }
    became
}

fn by(message: Message<'_>, mapper: &Mapper, default_offset: UtcOffset) -> Became {
    let mut conversion = Conversion::new();
    if let Some(filter) = mapper.filter(&message, &mut conversion) {
        return Became::Dropped(filter.to_owned());
    }
    let options = ConvertOptions {
        default_offset,
        ..ConvertOptions::default()
    };
    match mapper.explain(&message, &options, &mut conversion) {
        Err(error) => Became::Dead(error.to_string()),
        Ok(explanation) => Became::Fhir(Fhir {
            json: conversion
                .resources()
                .map(|resource| indent(&String::from_utf8_lossy(resource.json)))
                .collect(),
            explanation,
            before: None,
        }),
    }
}

fn values(explanation: &Explanation) -> Before {
    let resources = explanation.resources.iter();
    resources
        .flat_map(|resource| {
            let of = move |path: &str| place(&resource.id, path);
            let elements = resource.elements.iter();
            elements.map(move |element| (of(&element.path), element.value.clone()))
        })
        .collect()
}

/// By which an element is known from one conversion to another.
pub(super) fn place(id: &kiln_fhir::Uuid, path: &str) -> String {
    format!("{id} {path}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_pasted_text_is_unicode_whatever_it_says() {
        let said = "MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|2.5||||||8859/1\r\nPID|1||||Dörr\r\n";
        let pasted = Pasted::of(said).unwrap();
        assert_eq!(
            String::from_utf8(pasted.bytes).unwrap(),
            "MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|2.5||||||UNICODE UTF-8\rPID|1||||Dörr\r"
        );
        assert_eq!(pasted.was, Charset::from_name("8859/1"));
        assert!(Pasted::of("no message").is_err());
    }

    #[test]
    fn of_a_batch_the_first_message_is_taken() {
        let message = "MSH|^~\\&|A|B|C|D|||ADT^A01|7|P|2.5\r";
        let pasted = Pasted::of(&message.repeat(3)).unwrap();
        assert_eq!(pasted.count, 3);
        assert_eq!(pasted.bytes, message.as_bytes());
    }
}
