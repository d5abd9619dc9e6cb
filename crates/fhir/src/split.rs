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

use kiln_hl7::{Delimiters, Field, Message};

/// A stretch of the message: a repetition, a component or a subcomponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) start: u32,
    pub(crate) end: u32,
    /// Place of its first part in the list of the level below.
    first: u32,
    /// Its bytes are its text, and stand in a JSON string as they are.
    pub(crate) plain: bool,
}

impl Piece {
    const NOTHING: Piece = Piece {
        start: 0,
        end: 0,
        first: 0,
        plain: true,
    };
}

/// A repetition of a field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repetition {
    pub(crate) whole: Piece,
    /// Which components hold anything: a bit a number; bit 0 stands for any, and for those beyond the mask; the last bit says
    /// that a component is divided.
    pub(crate) parts: u64,
}

/// A field that was split: its repetitions are those of these places.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitField {
    pub(crate) first: u32,
    pub(crate) repetitions: u32,
    /// Which components hold anything in any of them.
    pub(crate) parts: u64,
}

impl SplitField {
    const EMPTY: SplitField = SplitField {
        first: 0,
        repetitions: 1,
        parts: 0,
    };
}

/// The fields of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SplitFields {
    first: u32,
    count: u32,
}

impl SplitFields {
    pub(crate) const NONE: SplitFields = SplitFields { first: 0, count: 0 };
}

/// Place of the repetition of every empty field.
pub(crate) const EMPTY_REPETITION: u32 = 0;

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
    /// Offsets of all delimiters and special characters of a segment, and room for more.
    marks: Vec<u32>,
}

/// What is not yet at its end.
struct Open {
    component: Piece,
    /// Of the component, from 1.
    number: usize,
    repetition: Repetition,
    /// Place of the field's first repetition.
    first: u32,
    /// Which components hold anything in the repetitions of the field before.
    parts: u64,
}

/// The segment or field itself, in a mask of its fields or components.
const WHOLE: u64 = 1;

/// A component has more than one subcomponent, in a mask of components.
pub(crate) const DIVIDED: u64 = 1 << 63;

/// The bit of a field or component in a mask; those beyond it are taken for the whole.
#[inline]
pub(crate) fn bit(number: usize) -> u64 {
    if number < 63 { 1 << number } else { WHOLE }
}

/// What a byte may mean in a segment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Field,
    Repetition,
    Component,
    Subcomponent,
    /// It begins an escape sequence, or stands in no JSON string as it is.
    Special,
}

/// What bytes mean.
struct Classes {
    of: [Class; 256],
    /// The bytes that are no text, besides control characters.
    others: [u8; 7],
}

/// Nearly all messages have these delimiters, and so these classes.
static USUAL: Classes = Classes::new(Delimiters::RECOMMENDED);

/// So many bytes are looked at at once.
const CHUNK_BYTES: usize = 16;

impl Classes {
    const fn new(delimiters: Delimiters) -> Classes {
        let mut of = [Class::Text; 256];
        let mut control = 0;
        while control < 0x20 {
            of[control] = Class::Special;
            control += 1;
        }
        let mut others = [delimiters.field; 7];
        others[0] = b'"';
        of[b'"' as usize] = Class::Special;
        others[1] = b'\\';
        of[b'\\' as usize] = Class::Special;
        if let Some(escape) = delimiters.escape {
            others[2] = escape;
            of[escape as usize] = Class::Special;
        }
        if let Some(subcomponent) = delimiters.subcomponent {
            others[3] = subcomponent;
            of[subcomponent as usize] = Class::Subcomponent;
        }
        others[4] = delimiters.component;
        of[delimiters.component as usize] = Class::Component;
        if let Some(repetition) = delimiters.repetition {
            others[5] = repetition;
            of[repetition as usize] = Class::Repetition;
        }
        of[delimiters.field as usize] = Class::Field;
        Classes { of, others }
    }

    fn of(&self, byte: u8) -> Class {
        self.of[usize::from(byte)]
    }

    /// The bytes that are no text, each as one bit of its byte in two words; written so that the compiler compares all at once.
    #[inline]
    fn marked(&self, chunk: &[u8; CHUNK_BYTES]) -> [u64; 2] {
        let mut marked = [0_u8; CHUNK_BYTES];
        for (mark, byte) in marked.iter_mut().zip(chunk) {
            let mut is_marked = *byte < 0x20;
            for other in self.others {
                is_marked |= *byte == other;
            }
            *mark = u8::from(is_marked);
        }
        let (words, _) = marked.as_chunks();
        [words[0], words[1]].map(u64::from_le_bytes)
    }
}

/// Whether a delimiter, which divides a value without being special there, stands in no JSON string as it is.
fn are_special(delimiters: Delimiters) -> bool {
    let dividers = [
        Some(delimiters.field),
        delimiters.repetition,
        Some(delimiters.component),
        delimiters.subcomponent,
    ];
    dividers.contains(&Some(b'"')) || dividers.contains(&Some(b'\\'))
}

impl Split {
    /// Splits a message; `is_text`: its bytes are its text.
    pub(crate) fn read(&mut self, message: Message<'_>, is_text: bool) {
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
        let delimiters = message.delimiters();
        let other;
        let classes = if delimiters == Delimiters::RECOMMENDED {
            &USUAL
        } else {
            other = Classes::new(delimiters);
            &other
        };
        let scanned = !message.charset().trails_in_ascii();
        let plain = is_text && !are_special(delimiters);
        for segment in message.segments() {
            self.segments.push(narrow(self.fields.len()));
            self.valued.push(WHOLE);
            let declares = matches!(segment.name(), "MSH" | "FHS" | "BHS");
            let count = segment.field_count();
            let literal = if declares { count.min(2) } else { 0 };
            for number in 1..=literal {
                self.literal(segment.field(number), number);
            }
            if count == literal {
                continue;
            }
            let start = segment.field(literal + 1).offset();
            let end = segment.offset() + segment.raw().len();
            let marks = if scanned {
                self.scan(&message.bytes()[start..end], start, classes)
            } else {
                self.walk(segment.fields().skip(literal))
            };
            self.fields(message.bytes(), classes, start, end, marks, plain);
        }
        self.segments.push(narrow(self.fields.len()));
    }

    /// Takes MSH-1 or MSH-2, which hold the delimiters themselves.
    fn literal(&mut self, field: Field<'_>, number: usize) {
        if field.raw().is_empty() {
            return self.fields.push(SplitField::EMPTY);
        }
        let whole = Piece {
            start: narrow(field.offset()),
            end: narrow(field.offset() + field.raw().len()),
            first: narrow(self.components.len()),
            plain: false,
        };
        self.fields.push(SplitField {
            first: narrow(self.repetitions.len()),
            repetitions: 1,
            parts: u64::MAX,
        });
        self.repetitions.push(Repetition {
            whole,
            parts: u64::MAX,
        });
        self.components.push(Piece {
            first: narrow(self.subcomponents.len()),
            ..whole
        });
        self.mark_valued(number);
    }

    /// Lists where delimiters and special characters are; answers how many.
    fn scan(&mut self, text: &[u8], offset: usize, classes: &Classes) -> usize {
        let most = text.len().next_multiple_of(CHUNK_BYTES);
        if self.marks.len() < most {
            self.marks.resize(most, 0);
        }
        let marks = &mut self.marks[..most];
        let (mut place, mut count) = (narrow(offset), 0);
        let (chunks, rest) = text.as_chunks();
        for chunk in chunks {
            for mut word in classes.marked(chunk) {
                while word != 0 {
                    marks[count] = place + word.trailing_zeros() / 8;
                    count += 1;
                    word &= word - 1;
                }
                place += 8;
            }
        }
        for byte in rest {
            if classes.of(*byte) != Class::Text {
                marks[count] = place;
                count += 1;
            }
            place += 1;
        }
        count
    }

    /// As [`Split::scan`], for character sets whose letters may look like delimiters.
    fn walk<'a>(&mut self, fields: impl Iterator<Item = Field<'a>>) -> usize {
        self.marks.clear();
        for (n, field) in fields.enumerate() {
            self.mark(n, field.offset());
            for (n, repetition) in field.repetitions().enumerate() {
                self.mark(n, repetition.offset());
                for (n, component) in repetition.parts().enumerate() {
                    self.mark(n, component.offset());
                    for (n, subcomponent) in component.parts().enumerate() {
                        self.mark(n, subcomponent.offset());
                    }
                }
            }
        }
        self.marks.len()
    }

    fn mark(&mut self, before: usize, offset: usize) {
        if before > 0 {
            self.marks.push(narrow(offset - 1));
        }
    }

    fn mark_valued(&mut self, number: usize) {
        if let Some(valued) = self.valued.last_mut() {
            *valued |= bit(number);
        }
    }

    /// Lists the fields of a segment, and their parts, between its marks.
    fn fields(
        &mut self,
        bytes: &[u8],
        classes: &Classes,
        start: usize,
        end: usize,
        marks: usize,
        plain: bool,
    ) {
        let before = self.segments.last().map_or(0, |first| *first as usize);
        let marks_of_segment = std::mem::take(&mut self.marks);
        let mut open = self.open(narrow(start), plain);
        for &place in &marks_of_segment[..marks] {
            match classes.of(bytes[place as usize]) {
                Class::Text => {}
                Class::Special => {
                    open.component.plain = false;
                    open.repetition.whole.plain = false;
                }
                Class::Subcomponent => {
                    self.subcomponents.push(place);
                    open.repetition.parts |= DIVIDED;
                }
                Class::Component => {
                    self.end_component(&mut open, place);
                    open.number += 1;
                    open.component = self.component_at(place + 1, plain);
                }
                Class::Repetition => {
                    self.end_component(&mut open, place);
                    self.end_repetition(&open, place);
                    open = Open {
                        first: open.first,
                        parts: open.parts | open.repetition.parts,
                        ..self.open(place + 1, plain)
                    };
                }
                Class::Field => self.end_field(&mut open, place, before, plain),
            }
        }
        self.end_field(&mut open, narrow(end), before, plain);
        self.marks = marks_of_segment;
    }

    fn open(&self, start: u32, plain: bool) -> Open {
        let component = self.component_at(start, plain);
        Open {
            component,
            number: 1,
            repetition: Repetition {
                whole: Piece {
                    first: narrow(self.components.len()),
                    ..component
                },
                parts: 0,
            },
            first: narrow(self.repetitions.len()),
            parts: 0,
        }
    }

    fn component_at(&self, start: u32, plain: bool) -> Piece {
        Piece {
            start,
            end: start,
            first: narrow(self.subcomponents.len()),
            plain,
        }
    }

    fn end_component(&mut self, open: &mut Open, end: u32) {
        if end > open.component.start {
            open.repetition.parts |= WHOLE | bit(open.number);
        }
        self.components.push(Piece {
            end,
            ..open.component
        });
    }

    fn end_repetition(&mut self, open: &Open, end: u32) {
        let mut repetition = open.repetition;
        repetition.whole.end = end;
        self.repetitions.push(repetition);
    }

    /// Ends a field of the segment whose fields begin at `before`, and opens the next.
    #[inline]
    fn end_field(&mut self, open: &mut Open, end: u32, before: usize, plain: bool) {
        if end == open.repetition.whole.start && open.first as usize == self.repetitions.len() {
            self.fields.push(SplitField::EMPTY);
            open.component.start = end + 1;
            open.repetition.whole.start = end + 1;
            return;
        }
        self.end_component(open, end);
        self.end_repetition(open, end);
        self.fields.push(SplitField {
            first: open.first,
            repetitions: narrow(self.repetitions.len()) - open.first,
            parts: open.parts | open.repetition.parts,
        });
        self.mark_valued(self.fields.len() - before);
        *open = self.open(end + 1, plain);
    }

    /// The fields of a segment, and which of them hold anything: a bit a number; bit 0 is set, and stands for those beyond the
    /// mask, too.
    #[inline]
    pub(crate) fn segment(&self, segment: usize) -> Option<(SplitFields, u64)> {
        let valued = *self.valued.get(segment)?;
        let [first, end] = *self.segments.get(segment..)?.first_chunk()?;
        let count = end - first;
        Some((SplitFields { first, count }, valued))
    }

    /// The field of that number, from 1, of a segment; `None` where the segment ends before it.
    #[inline]
    pub(crate) fn field(&self, fields: SplitFields, number: u16) -> Option<SplitField> {
        let before = u32::from(number).checked_sub(1)?;
        (before < fields.count).then(|| self.fields[(fields.first + before) as usize])
    }

    /// The repetition at a place between those that a field names.
    #[inline]
    pub(crate) fn repetition(&self, place: u32) -> &Repetition {
        &self.repetitions[place as usize]
    }

    /// The repetitions of a field.
    pub(crate) fn repetitions(&self, field: SplitField) -> &[Repetition] {
        let first = field.first as usize;
        &self.repetitions[first..first + field.repetitions as usize]
    }

    /// A component of a repetition, by its number from 1.
    #[inline]
    pub(crate) fn component(&self, repetition: &Piece, number: u16) -> Option<&Piece> {
        let at = repetition.first as usize + usize::from(number.checked_sub(1)?);
        let component = self.components.get(at)?;
        // Beyond the last one lies what comes after the repetition.
        (component.end <= repetition.end).then_some(component)
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
        for (fields, _) in (0..message.segment_count()).filter_map(|n| split.segment(n)) {
            for field in (1..).map_while(|number| split.field(fields, number)) {
                for Repetition { whole, .. } in split.repetitions(field) {
                    push(*whole);
                    for &component in (1..).map_while(|number| split.component(whole, number)) {
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
            split.read(message, true);
            split.read(message, true);
            prop_assert_eq!(numbered(message, &split), oracle(message));
        }
    }
}
