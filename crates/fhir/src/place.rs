//! Reading places of the message: segments of a resource, repetitions of its loops, conditions over both.

use kiln_hl7::Message;

use crate::maps::condition::Condition;
use crate::plan::{FRAME, Frame, Guard, MAX_SLOTS, Need, Source};
use crate::split::{Piece, Repetition, Split, SplitField};

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
    loops: [Reached; 256],
    pub(crate) entered: Entered,
}

/// The field that a part of the plan reads.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    frame: Frame,
    /// Of its repetition in the split.
    place: u32,
}

/// How far a loop over repetitions has come.
#[derive(Clone, Copy)]
struct Reached {
    /// Of the repetition, from 1.
    number: u16,
    /// The repetition's place in the split; 0: no loop is on its way, which means the first one.
    place: u32,
}

impl Reached {
    const NONE: Reached = Reached {
        number: 1,
        place: 0,
    };
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
            loops: [Reached::NONE; 256],
            entered: Entered {
                frame: Frame::default(),
                place: 0,
            },
        }
    }

    /// The field of that number of a slot's segment.
    pub(crate) fn field(&self, slot: u8, number: u16) -> Option<SplitField> {
        self.split.field(self.slots[usize::from(slot)]?, number)
    }

    /// Has a loop go over the repetitions of a field, whose places these are.
    pub(crate) fn repetitions(&self, slot: u8, field: u16) -> std::ops::Range<u32> {
        self.field(slot, field)
            .map_or(0..0, |field| field.first..field.first + field.repetitions)
    }

    /// Says which repetition a loop has reached: its number, from 1, and its place.
    pub(crate) fn reach(&mut self, number: u8, repetition: usize, place: u32) {
        self.loops[usize::from(number)] = Reached {
            number: u16::try_from(repetition).unwrap_or(u16::MAX),
            place,
        };
    }

    /// Ends a loop.
    pub(crate) fn leave(&mut self, number: u8) {
        self.loops[usize::from(number)] = Reached::NONE;
    }

    /// Has sources read a field, until what was entered before is put back. A field that is not there is like an empty one.
    pub(crate) fn enter(&mut self, frame: Frame) {
        let segment = self.slots[usize::from(frame.slot)];
        let place = segment.and_then(|segment| self.reached(segment, frame));
        self.entered = Entered {
            frame,
            place: place.unwrap_or(0),
        };
    }

    /// The same source by its segment and field.
    pub(crate) fn absolute(&self, source: Source) -> Source {
        if source.slot != FRAME {
            return source;
        }
        let frame = self.entered.frame;
        Source {
            slot: frame.slot,
            field: frame.field,
            repetition: frame.repetition,
            ..source
        }
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
        if need.slot == FRAME {
            return self.split.repetition(self.entered.place).parts & need.mask != 0;
        }
        let Some(segment) = self.slots[usize::from(need.slot)] else {
            return false;
        };
        if need.field == 0 {
            return self.split.valued(segment) & need.mask != 0;
        }
        let place = self.reached(
            segment,
            Frame {
                slot: need.slot,
                repetition: need.repetition,
                field: need.field,
            },
        );
        place.is_some_and(|place| self.split.repetition(place).parts & need.mask != 0)
    }

    /// The place of the repetition of a field that its loop has reached, or of the first.
    fn reached(&self, segment: usize, frame: Frame) -> Option<u32> {
        let place = self.loops[usize::from(frame.repetition)].place;
        if frame.repetition > 0 && place > 0 {
            return Some(place);
        }
        let field = self.split.field(segment, frame.field)?;
        Some(field.first)
    }

    /// The number of the repetition that a source means, from 1.
    pub(crate) fn repetition(&self, source: Source) -> u16 {
        self.loops[usize::from(self.absolute(source).repetition)].number
    }

    /// Where the value of a source lies, valued or not.
    pub(crate) fn piece(&self, source: Source) -> Option<Piece> {
        let place = if source.slot == FRAME {
            self.entered.place
        } else {
            let segment = self.slots[usize::from(source.slot)]?;
            self.reached(segment, source.frame())?
        };
        let repetition = self.split.repetition(place).whole;
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
        self.split.component(repetition, number)
    }

    /// A subcomponent of a component.
    pub(crate) fn subpart(&self, component: Piece, number: u16) -> Option<Piece> {
        self.split.subcomponent(component, number)
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
        if source.field == 0 && source.slot != FRAME {
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
                let source = self.absolute(*source);
                let field = self.field(source.slot, source.field);
                let count = field.map_or(0, |field| match self.split.repetitions(field) {
                    [Repetition { whole, .. }] if matches!(self.raw(*whole), b"" | b"\"\"") => 0,
                    repetitions => repetitions.len(),
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
