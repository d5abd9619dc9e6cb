//! Reading places of the message: segments of a resource, repetitions of its loops, conditions over both.

use kiln_hl7::Message;

use crate::maps::condition::Condition;
use crate::plan::{Guard, MAX_SLOTS, Need, Source};
use crate::split::{Piece, Split, SplitField};

/// The segments and repetitions that sources mean at the moment.
pub(crate) struct Places<'a> {
    pub(crate) message: Message<'a>,
    bytes: &'a [u8],
    /// The message, where its bytes are its text.
    text: Option<&'a str>,
    pub(crate) split: Split,
    /// Place in the message of the segment that each slot means.
    pub(crate) slots: [Option<usize>; MAX_SLOTS],
    /// The repetition that each loop has reached.
    loops: [Repetition; 256],
}

/// A repetition that a loop has reached.
#[derive(Clone, Copy)]
struct Repetition {
    number: u16,
    /// Which components hold anything.
    parts: u64,
    /// `None`: no loop is on its way, which means the first repetition.
    piece: Option<Piece>,
}

impl<'a> Places<'a> {
    pub(crate) fn new(message: Message<'a>, mut split: Split) -> Self {
        split.read(message);
        Places {
            message,
            bytes: message.bytes(),
            text: message.plain_text(),
            split,
            slots: [None; MAX_SLOTS],
            loops: [Repetition {
                number: 1,
                parts: 0,
                piece: None,
            }; 256],
        }
    }

    /// The field of that number of a slot's segment.
    pub(crate) fn field(&self, slot: u8, number: u16) -> Option<SplitField> {
        self.split.field(self.slots[usize::from(slot)]?, number)
    }

    /// A field's first repetition, and the others.
    pub(crate) fn split_repetition(&self, field: Piece) -> (Piece, Option<Piece>) {
        self.split.split_repetition(self.bytes, field)
    }

    /// Says which repetition a loop has reached.
    pub(crate) fn reach(&mut self, number: u8, repetition: usize, piece: Piece) {
        self.loops[usize::from(number)] = Repetition {
            number: u16::try_from(repetition).unwrap_or(u16::MAX),
            parts: self.split.parts(self.bytes, piece),
            piece: Some(piece),
        };
    }

    /// Ends a loop.
    pub(crate) fn leave(&mut self, number: u8) {
        self.loops[usize::from(number)] = Repetition {
            number: 1,
            parts: 0,
            piece: None,
        };
    }

    /// Whether a part of the plan has anything to say.
    pub(crate) fn may_say(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Open => true,
            Guard::One(need) => self.is_met(need),
            Guard::Any(needs) => needs.iter().any(|need| self.is_met(need)),
        }
    }

    fn is_met(&self, need: &Need) -> bool {
        let Some(segment) = self.slots[usize::from(need.slot)] else {
            return false;
        };
        if need.field == 0 {
            return self.split.valued(segment) & need.mask != 0;
        }
        let reached = &self.loops[usize::from(need.repetition)];
        if need.repetition > 0 && reached.piece.is_some() {
            return reached.parts & need.mask != 0;
        }
        let field = self.split.field(segment, need.field);
        field.is_some_and(|field| field.parts & need.mask != 0)
    }

    /// The number of the repetition that a source means, from 1.
    pub(crate) fn repetition(&self, source: Source) -> u16 {
        self.loops[usize::from(source.repetition)].number
    }

    /// Where the value of a source lies, valued or not.
    pub(crate) fn piece(&self, source: Source) -> Option<Piece> {
        let reached = self.loops[usize::from(source.repetition)].piece;
        let repetition = match reached {
            Some(piece) if source.repetition > 0 => piece,
            _ => {
                let field = self.field(source.slot, source.field)?;
                self.split_repetition(field.whole).0
            }
        };
        if source.component == 0 {
            return Some(repetition);
        }
        let component = self.part(repetition, source.component)?;
        match source.subcomponent {
            0 => Some(component),
            // A part that the value cannot have.
            u16::MAX => None,
            number => self.subpart(component, number),
        }
    }

    /// A component of a repetition.
    pub(crate) fn part(&self, repetition: Piece, number: u16) -> Option<Piece> {
        self.split.component(self.bytes, repetition, number)
    }

    /// A subcomponent of a component.
    pub(crate) fn subpart(&self, component: Piece, number: u16) -> Option<Piece> {
        self.split.subcomponent(self.bytes, component, number)
    }

    pub(crate) fn raw(&self, piece: Piece) -> &'a [u8] {
        &self.bytes[piece.start as usize..piece.end as usize]
    }

    /// The trimmed text at a source, if it is valued.
    pub(crate) fn text<'s>(&self, source: Source, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        self.text_of(self.piece(source)?, scratch)
    }

    /// The trimmed text of a piece, if it is valued.
    pub(crate) fn text_of<'s>(&self, piece: Piece, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        let raw = self.raw(piece);
        if raw.is_empty() || raw == b"\"\"" {
            return None;
        }
        let plain = match self.text {
            Some(text) if !piece.escaped => text.get(piece.start as usize..piece.end as usize),
            _ => None,
        };
        let text = if let Some(text) = plain {
            text
        } else {
            let range = piece.start as usize..piece.end as usize;
            self.message.value_at(range).text_in(scratch).ok()?
        };
        let text = trimmed(text);
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn is_valued(&self, source: Source) -> bool {
        if source.field == 0 {
            return self.slots[usize::from(source.slot)].is_some();
        }
        self.piece(source).is_some_and(|piece| {
            let raw = self.raw(piece);
            raw != b"\"\"" && has_content(raw)
        })
    }

    pub(crate) fn holds(&self, condition: &Condition<Source>, scratch: &mut String) -> bool {
        match condition {
            Condition::Valued(source) => self.is_valued(*source),
            Condition::Among(source, values) => self
                .text(*source, scratch)
                .is_some_and(|text| values.iter().any(|value| value == text)),
            Condition::Length(source, comparison, limit) => {
                let length = self
                    .text(*source, scratch)
                    .map_or(0, |text| text.chars().count());
                comparison.holds(length, *limit)
            }
            Condition::Count(source, comparison, limit) => {
                let field = self.field(source.slot, source.field);
                let count = field.map_or(0, |field| match field.repetitions {
                    1 if matches!(self.raw(field.whole), b"" | b"\"\"") => 0,
                    count => count as usize,
                });
                comparison.holds(count, *limit)
            }
            Condition::Not(inner) => !self.holds(inner, scratch),
            Condition::And(all) => all.iter().all(|condition| self.holds(condition, scratch)),
            Condition::Or(any) => any.iter().any(|condition| self.holds(condition, scratch)),
        }
    }
}

/// Delimiters alone, such as `^^`, are no value.
fn has_content(raw: &[u8]) -> bool {
    raw.iter()
        .any(|byte| !matches!(byte, b'^' | b'&' | b'~' | b' '))
}

/// Without the blanks and control characters around it.
fn trimmed(text: &str) -> &str {
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    let clean = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if ends.into_iter().all(clean) {
        return text;
    }
    text.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}
