//! A message split once: where each field, repetition, component and subcomponent lies.
//!
//! A plan reads the same field many times, component after component and repetition after repetition. One pass over the
//! message puts the place of every delimiter on a tape; a part is then found by walking the few entries between.

use kiln_hl7::{Field, Message};

/// A stretch of the message, and the first delimiter on the tape that may lie in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u32,
    pub(crate) end: u32,
    tape: u32,
    /// An escape sequence may lie in it.
    pub(crate) escaped: bool,
}

impl Piece {
    const NOTHING: Piece = Piece {
        start: 0,
        end: 0,
        tape: 0,
        escaped: false,
    };
}

/// A field that was split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitField {
    pub(crate) whole: Piece,
    pub(crate) repetitions: u32,
    /// Which components of the first repetition hold anything, as [`Split::parts`] says.
    pub(crate) parts: u64,
}

/// The split of one message, in reused buffers.
#[derive(Debug, Default)]
pub(crate) struct Split {
    /// First field of each segment, and the end.
    segments: Vec<u32>,
    /// Which fields of each segment hold anything: a bit a number, bit 0 for the segment itself.
    valued: Vec<u64>,
    fields: Vec<SplitField>,
    /// Offsets of delimiters inside fields; `u32::MAX` at the end.
    tape: Vec<u32>,
    repetition: u8,
    component: u8,
    subcomponent: Option<u8>,
}

/// The segment or field itself, in a mask of its fields or components.
const WHOLE: u64 = 1;

/// The bit of a field or component in a mask; those beyond it are taken for the whole.
pub(crate) fn bit(number: usize) -> u64 {
    if number < 64 { 1 << number } else { WHOLE }
}

const DELIMITER: u8 = 1;
const ESCAPE: u8 = 2;

impl Split {
    pub(crate) fn read(&mut self, message: Message<'_>) {
        self.segments.clear();
        self.valued.clear();
        self.fields.clear();
        self.tape.clear();
        let delimiters = message.delimiters();
        self.component = delimiters.component;
        self.subcomponent = delimiters.subcomponent;
        // A message may have no further delimiters than the component's; the field's own lies inside no field.
        self.repetition = delimiters.repetition.unwrap_or(delimiters.field);
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
        let plain = !message.charset().trails_in_ascii();
        for segment in message.segments() {
            self.segments.push(narrow(self.fields.len()));
            let declares = matches!(segment.name(), "MSH" | "FHS" | "BHS");
            let mut valued = WHOLE;
            for (place, field) in segment.fields().enumerate() {
                let raw = field.raw();
                if raw.is_empty() {
                    self.fields.push(SplitField {
                        whole: Piece::NOTHING,
                        repetitions: 1,
                        parts: 0,
                    });
                    continue;
                }
                valued |= bit(place + 1);
                // MSH-1 and MSH-2 hold the delimiters themselves.
                let literal = declares && place < 2;
                let tape = narrow(self.tape.len());
                let escaped = if literal {
                    false
                } else if plain {
                    self.scan(raw, field.offset(), &classes)
                } else {
                    self.walk(field);
                    true
                };
                let repetition = self.repetition;
                let more = self.tape[tape as usize..].iter();
                let more = more.filter(|at| message.bytes()[**at as usize] == repetition);
                let repetitions = 1 + narrow(more.count());
                let whole = Piece {
                    start: narrow(field.offset()),
                    end: narrow(field.offset() + raw.len()),
                    tape,
                    escaped,
                };
                self.fields.push(SplitField {
                    whole,
                    repetitions,
                    parts: if literal {
                        u64::MAX
                    } else {
                        self.parts(message.bytes(), whole)
                    },
                });
            }
            self.valued.push(valued);
        }
        self.segments.push(narrow(self.fields.len()));
        self.tape.push(u32::MAX);
    }

    /// Puts the delimiters of a field on the tape; answers whether it holds an escape character.
    fn scan(&mut self, raw: &[u8], offset: usize, classes: &[u8; 256]) -> bool {
        let from = self.tape.len();
        // Every byte is written and the end moves with delimiters alone: there is no branch to be guessed wrong.
        self.tape.resize(from + raw.len(), 0);
        let out = &mut self.tape[from..];
        let (mut count, mut seen) = (0, 0);
        for (at, byte) in raw.iter().enumerate() {
            let class = classes[usize::from(*byte)];
            out[count] = narrow(offset + at);
            count += usize::from(class & DELIMITER);
            seen |= class;
        }
        self.tape.truncate(from + count);
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
            self.tape.push(narrow(offset - 1));
        }
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

    /// Which components of the first repetition of a piece hold anything: a bit a number; bit 0 stands for any, and for
    /// those beyond the mask.
    pub(crate) fn parts(&self, bytes: &[u8], piece: Piece) -> u64 {
        let (mut parts, mut number, mut start) = (0, 1, piece.start);
        let inside = self.tape[piece.tape as usize..].iter();
        for &place in inside.take_while(|place| **place < piece.end) {
            let delimiter = bytes[place as usize];
            if delimiter != self.component && delimiter != self.repetition {
                continue;
            }
            if place > start {
                parts |= WHOLE | bit(number);
            }
            if delimiter == self.repetition {
                return parts;
            }
            (number, start) = (number + 1, place + 1);
        }
        if piece.end > start {
            parts |= WHOLE | bit(number);
        }
        parts
    }

    /// Parts a field after its first repetition from that on.
    pub(crate) fn split_repetition(&self, bytes: &[u8], field: Piece) -> (Piece, Option<Piece>) {
        self.split_at(bytes, field, self.repetition)
    }

    pub(crate) fn component(&self, bytes: &[u8], repetition: Piece, number: u16) -> Option<Piece> {
        self.part(bytes, repetition, self.component, number)
    }

    pub(crate) fn subcomponent(
        &self,
        bytes: &[u8],
        component: Piece,
        number: u16,
    ) -> Option<Piece> {
        match self.subcomponent {
            Some(delimiter) => self.part(bytes, component, delimiter, number),
            None => (number == 1).then_some(component),
        }
    }

    fn part(&self, bytes: &[u8], whole: Piece, delimiter: u8, number: u16) -> Option<Piece> {
        let mut rest = whole;
        for _ in 1..number {
            rest = self.split_at(bytes, rest, delimiter).1?;
        }
        Some(self.split_at(bytes, rest, delimiter).0)
    }

    fn split_at(&self, bytes: &[u8], whole: Piece, delimiter: u8) -> (Piece, Option<Piece>) {
        let mut at = whole.tape as usize;
        // The tape's end is beyond every piece.
        while let Some(&place) = self.tape.get(at).filter(|place| **place < whole.end) {
            at += 1;
            if bytes[place as usize] == delimiter {
                let first = Piece {
                    end: place,
                    ..whole
                };
                let rest = Piece {
                    start: place + 1,
                    tape: narrow(at),
                    ..whole
                };
                return (first, Some(rest));
            }
        }
        (whole, None)
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
                let (mut rest, mut count) = (Some(field.whole), 0);
                while let Some(whole) = rest {
                    let (repetition, others) = split.split_repetition(bytes, whole);
                    (rest, count) = (others, count + 1);
                    push(repetition);
                    for component in
                        (1..).map_while(|number| split.component(bytes, repetition, number))
                    {
                        push(component);
                        (1..)
                            .map_while(|number| split.subcomponent(bytes, component, number))
                            .for_each(&mut push);
                    }
                }
                assert_eq!(field.repetitions, count);
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
