//! A message split once: where each field, repetition, component and subcomponent lies.
//!
//! A plan reads the same field many times, component after component and repetition after repetition. One pass over the
//! message lists the parts of each level in the order of the message; a part names the first of the next level below it, so
//! that any of them is found by its number without a search:
//!
//! ```text
//! fields       | 123^^^NORTH&1.2.3&ISO~456 | …
//! repetitions    └─ first ┐           └ second
//! components              └─ 1 2 3 4 ┐
//! ampersands                         └─ where the subcomponents of the fourth end
//! ```

use kiln_hl7::{Field, Message};

/// A stretch of the message: a repetition, a component or a subcomponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Place of its first part in the list of the level below.
    first: u32,
    /// An escape sequence may lie in it.
    pub(crate) escaped: bool,
}

impl Piece {
    const NOTHING: Piece = Piece {
        start: 0,
        end: 0,
        first: 0,
        escaped: false,
    };
}

/// A repetition of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repetition {
    pub(crate) whole: Piece,
    /// Which components hold anything: a bit a number; bit 0 stands for any, and for those beyond the mask.
    pub(crate) parts: u64,
}

/// A field that was split: its repetitions are those of these places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitField {
    pub(crate) first: u32,
    pub(crate) repetitions: u32,
}

/// The split of one message, in reused buffers. The first repetition and component are those of every empty field.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// First field of each segment, and the end.
    segments: Vec<u32>,
    /// Which fields of each segment hold anything: a bit a number, bit 0 for the segment itself.
    valued: Vec<u64>,
    fields: Vec<SplitField>,
    repetitions: Vec<Repetition>,
    components: Vec<Piece>,
    /// Offsets of the delimiters between subcomponents.
    subcomponents: Vec<u32>,
    /// Offsets of all delimiters of a field.
    delimiters: Vec<u32>,
}

/// The segment or field itself, in a mask of its fields or components.
const WHOLE: u64 = 1;

/// The bit of a field or component in a mask; those beyond it are taken for the whole.
pub(crate) fn bit(number: usize) -> u64 {
    if number < 64 { 1 << number } else { WHOLE }
}

const DELIMITER: u8 = 1;
const ESCAPE: u8 = 2;

/// What to look for in the fields of a message.
struct Scanner {
    repetition: u8,
    component: u8,
    classes: [u8; 256],
}

impl Scanner {
    fn of(message: Message<'_>) -> Scanner {
        let delimiters = message.delimiters();
        let mut classes = [0_u8; 256];
        classes[usize::from(delimiters.component)] = DELIMITER;
        for delimiter in [delimiters.repetition, delimiters.subcomponent]
            .into_iter()
            .flatten()
        {
            classes[usize::from(delimiter)] = DELIMITER;
        }
        if let Some(escape) = delimiters.escape {
            classes[usize::from(escape)] |= ESCAPE;
        }
        Scanner {
            // A message may have no further delimiters than the component's; the field's own lies inside no field.
            repetition: delimiters.repetition.unwrap_or(delimiters.field),
            component: delimiters.component,
            classes,
        }
    }
}

impl Split {
    pub(crate) fn read(&mut self, message: Message<'_>) {
        self.segments.clear();
        self.valued.clear();
        self.fields.clear();
        self.repetitions.clear();
        self.components.clear();
        self.subcomponents.clear();
        self.components.push(Piece::NOTHING);
        self.repetitions.push(Repetition {
            whole: Piece::NOTHING,
            parts: 0,
        });
        let scanner = Scanner::of(message);
        let plain = !message.charset().trails_in_ascii();
        for segment in message.segments() {
            self.segments.push(narrow(self.fields.len()));
            let declares = matches!(segment.name(), "MSH" | "FHS" | "BHS");
            let mut valued = WHOLE;
            for (place, field) in segment.fields().enumerate() {
                if field.raw().is_empty() {
                    self.fields.push(SplitField {
                        first: 0,
                        repetitions: 1,
                    });
                    continue;
                }
                valued |= bit(place + 1);
                let first = narrow(self.repetitions.len());
                // MSH-1 and MSH-2 hold the delimiters themselves.
                let literal = declares && place < 2;
                self.delimiters.clear();
                let escaped = if literal {
                    false
                } else if plain {
                    self.scan(field.raw(), field.offset(), &scanner.classes)
                } else {
                    self.walk(field);
                    true
                };
                self.parts(message.bytes(), &scanner, field, escaped);
                if literal && let Some(repetition) = self.repetitions.last_mut() {
                    repetition.parts = u64::MAX;
                }
                self.fields.push(SplitField {
                    first,
                    repetitions: narrow(self.repetitions.len()) - first,
                });
            }
            self.valued.push(valued);
        }
        self.segments.push(narrow(self.fields.len()));
    }

    /// Lists the delimiters of a field; answers whether it holds an escape character.
    fn scan(&mut self, raw: &[u8], offset: usize, classes: &[u8; 256]) -> bool {
        // Every byte is written and the end moves with delimiters alone: there is no branch to be guessed wrong.
        self.delimiters.resize(raw.len(), 0);
        let (mut count, mut seen) = (0, 0);
        for (at, byte) in raw.iter().enumerate() {
            let class = classes[usize::from(*byte)];
            self.delimiters[count] = narrow(offset + at);
            count += usize::from(class & DELIMITER);
            seen |= class;
        }
        self.delimiters.truncate(count);
        seen & ESCAPE != 0
    }

    /// As [`Split::scan`], for character sets whose letters may look like delimiters.
    fn walk(&mut self, field: Field<'_>) {
        for (n, repetition) in field.repetitions().enumerate() {
            self.delimiter(n, repetition.offset());
            for (n, component) in repetition.parts().enumerate() {
                self.delimiter(n, component.offset());
                for (n, subcomponent) in component.parts().enumerate() {
                    self.delimiter(n, subcomponent.offset());
                }
            }
        }
    }

    fn delimiter(&mut self, before: usize, offset: usize) {
        if before > 0 {
            self.delimiters.push(narrow(offset - 1));
        }
    }

    /// Lists the parts of a field between its delimiters.
    fn parts(&mut self, bytes: &[u8], scanner: &Scanner, field: Field<'_>, escaped: bool) {
        let start = narrow(field.offset());
        let end = narrow(field.offset() + field.raw().len());
        let delimiters = std::mem::take(&mut self.delimiters);
        let mut component = Piece {
            start,
            end,
            first: narrow(self.subcomponents.len()),
            escaped,
        };
        let mut repetition = Repetition {
            whole: Piece {
                first: narrow(self.components.len()),
                ..component
            },
            parts: 0,
        };
        let mut number = 1;
        for &place in &delimiters {
            let delimiter = bytes[place as usize];
            let ends_repetition = delimiter == scanner.repetition;
            if !ends_repetition && delimiter != scanner.component {
                self.subcomponents.push(place);
                continue;
            }
            self.end_component(component, place, number, &mut repetition.parts);
            number += 1;
            component.start = place + 1;
            component.first = narrow(self.subcomponents.len());
            if ends_repetition {
                repetition.whole.end = place;
                self.repetitions.push(repetition);
                repetition = Repetition {
                    whole: Piece {
                        first: narrow(self.components.len()),
                        ..component
                    },
                    parts: 0,
                };
                number = 1;
            }
        }
        self.end_component(component, end, number, &mut repetition.parts);
        self.repetitions.push(repetition);
        self.delimiters = delimiters;
    }

    fn end_component(&mut self, component: Piece, end: u32, number: usize, parts: &mut u64) {
        if end > component.start {
            *parts |= WHOLE | bit(number);
        }
        self.components.push(Piece { end, ..component });
    }

    /// The field of that number, from 1, of a segment; `None` where the segment ends before it.
    pub(crate) fn field(&self, segment: usize, number: u16) -> Option<SplitField> {
        let end = *self.segments.get(segment + 1)? as usize;
        let at = self.segments[segment] as usize + usize::from(number.checked_sub(1)?);
        (at < end).then(|| self.fields[at])
    }

    /// Which fields of a segment hold anything: a bit a number; bit 0 is set, and stands for those beyond the mask, too.
    pub(crate) fn valued(&self, segment: usize) -> u64 {
        self.valued.get(segment).copied().unwrap_or(u64::MAX)
    }

    /// The repetition at a place between those that a field names.
    pub(crate) fn repetition(&self, place: u32) -> &Repetition {
        &self.repetitions[place as usize]
    }

    /// The repetitions of a field.
    pub(crate) fn repetitions(&self, field: SplitField) -> &[Repetition] {
        let first = field.first as usize;
        &self.repetitions[first..first + field.repetitions as usize]
    }

    /// A component of a repetition, by its number from 1.
    pub(crate) fn component(&self, repetition: Piece, number: u16) -> Option<Piece> {
        let at = repetition.first as usize + usize::from(number.checked_sub(1)?);
        let component = self.components.get(at)?;
        // Beyond the last one lies what comes after the repetition.
        (component.end <= repetition.end).then_some(*component)
    }

    /// A subcomponent of a component, by its number from 1.
    pub(crate) fn subcomponent(&self, component: Piece, number: u16) -> Option<Piece> {
        let delimiters = self.subcomponents[component.first as usize..].iter();
        let mut delimiters = delimiters.take_while(|place| **place < component.end);
        let mut piece = component;
        for _ in 1..number {
            piece.start = *delimiters.next()? + 1;
            piece.first += 1;
        }
        piece.end = delimiters.next().copied().unwrap_or(component.end);
        Some(piece)
    }
}

/// A message is no longer than `u32` can say: the parser saw to it.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use kiln_hl7::Index;
    use proptest::prelude::*;

    use super::*;

    /// Every part of a message by its numbers, as the parser splits it.
    fn oracle(message: Message<'_>) -> Vec<Vec<u8>> {
        let fields = message.segments().flat_map(|segment| segment.fields());
        let repetitions = fields.flat_map(|field| field.repetitions());
        let mut parts = Vec::new();
        for repetition in repetitions {
            parts.push(repetition.raw().to_vec());
            for component in repetition.parts() {
                parts.push(component.raw().to_vec());
                parts.extend(component.parts().map(|part| part.raw().to_vec()));
            }
        }
        parts
    }

    fn numbered(message: Message<'_>, split: &Split) -> Vec<Vec<u8>> {
        let bytes = message.bytes();
        let mut parts = Vec::new();
        let mut push = |piece: Piece| {
            parts.push(bytes[piece.start as usize..piece.end as usize].to_vec());
        };
        for segment in 0..message.segment_count() {
            for field in (1..).map_while(|number| split.field(segment, number)) {
                for Repetition { whole, .. } in split.repetitions(field) {
                    push(*whole);
                    for component in (1..).map_while(|number| split.component(*whole, number)) {
                        push(component);
                        (1..)
                            .map_while(|number| split.subcomponent(component, number))
                            .for_each(&mut push);
                    }
                }
            }
        }
        parts
    }

    proptest! {
        #[test]
        fn parts_are_those_of_the_parser(
            charset in prop::sample::select(vec!["", "8859/1", "BIG-5"]),
            delimiters in prop::sample::select(vec!["^~\\&", "^~\\", "^~", "^", "*!\\@"]),
            fields in prop::collection::vec("[\\^~\\\\&!@*a-z\u{e4}\"]{0,12}", 0..8),
        ) {
            let text = format!("MSH|{delimiters}|A|B|||2024||ADT^A01|1|P|2.5||||||{charset}\rZZZ|{}\r", fields.join("|"));
            // Letters beyond ASCII are one byte in the single-byte set, and a lead byte in BIG-5.
            let bytes: Vec<u8> = if charset.is_empty() {
                text.into_bytes()
            } else {
                text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
            };
            let mut index = Index::new();
            let Ok(message) = Message::parse(&bytes, &mut index) else {
                return Err(TestCaseError::reject("no message"));
            };
            let mut split = Split::default();
            // What an earlier message left behind must not show.
            split.read(message);
            split.read(message);
            prop_assert_eq!(numbered(message, &split), oracle(message));
        }
    }
}
