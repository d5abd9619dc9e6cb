use std::collections::BTreeMap;

use kiln_hl7::{Index, Message, ParseErrorKind};

/// All that a parser reads of a message.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The names of the segments in order.
    pub(crate) segments: Vec<String>,
    /// Text by place, as `PID[1]-3[2].4.1`; places without text are left out.
    pub(crate) values: BTreeMap<String, String>,
}

/// What came of giving a message to a peer.
#[derive(Debug)]
pub(crate) enum Outcome {
    Read(Reading),
    Refused,
    Panicked,
}

impl Reading {
    /// Adds a segment; gives its place.
    pub(crate) fn segment(&mut self, name: &str) -> String {
        self.segments.push(name.to_owned());
        let occurrence = self.segments.iter().filter(|other| *other == name).count();
        format!("{name}[{occurrence}]")
    }

    /// Adds a value; all numbers count from 1.
    pub(crate) fn value(
        &mut self,
        segment: &str,
        [field, repetition, component, subcomponent]: [usize; 4],
        text: String,
    ) {
        if !text.is_empty() {
            let place = format!("{segment}-{field}[{repetition}].{component}.{subcomponent}");
            self.values.insert(place, text);
        }
    }
}

/// Our own reading: text, and beside it the bytes as sent.
pub(crate) fn ours(message: &str) -> Result<(Reading, Reading), ParseErrorKind> {
    let mut index = Index::new();
    let message = Message::parse(message.as_bytes(), &mut index).map_err(|error| error.kind)?;
    let (mut texts, mut raws) = (Reading::default(), Reading::default());
    for segment in message.segments() {
        let place = texts.segment(segment.name());
        raws.segment(segment.name());
        for (field, number) in segment.fields().zip(1..) {
            for (repetition, r) in field.repetitions().zip(1..) {
                for (component, c) in repetition.parts().zip(1..) {
                    for (subcomponent, s) in component.parts().zip(1..) {
                        let text = subcomponent.text().expect("it is UTF-8");
                        let raw = String::from_utf8_lossy(subcomponent.raw());
                        texts.value(&place, [number, r, c, s], text.into_owned());
                        raws.value(&place, [number, r, c, s], raw.into_owned());
                    }
                }
            }
        }
    }
    Ok((texts, raws))
}
