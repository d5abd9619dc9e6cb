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
    slots: [Option<usize>; MAX_SLOTS],
    /// Which fields of these segments hold anything and, in the place of [`FRAME`], which components of the entered field.
    valued: [u64; MAX_SLOTS + 1],
    /// The repetition that each loop has reached.
    loops: [Reached; 256],
    entered: Entered,
}

/// The field that a part of the plan reads.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    frame: Frame,
    repetition: Repetition,
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
        let entered = Entered {
            frame: Frame::default(),
            repetition: *split.repetition(0),
        };
        Places {
            message,
            bytes: message.bytes(),
            text: message.plain_text(),
            split,
            slots: [None; MAX_SLOTS],
            valued: [0; MAX_SLOTS + 1],
            loops: [Reached::NONE; 256],
            entered,
        }
    }

    /// Place in the message of the segment that a slot means.
    pub(crate) fn segment(&self, slot: u8) -> Option<usize> {
        self.slots[usize::from(slot)]
    }

    /// Points a slot at a segment.
    pub(crate) fn point(&mut self, slot: usize, segment: Option<usize>) {
        self.slots[slot] = segment;
        self.valued[slot] = segment.map_or(0, |segment| self.split.valued(segment));
    }

    /// The field of that number of a slot's segment.
    pub(crate) fn field(&self, slot: u8, number: u16) -> Option<SplitField> {
        self.split.field(self.segment(slot)?, number)
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
    pub(crate) fn enter(&mut self, frame: Frame) -> Entered {
        let place = self.reached(frame).unwrap_or(0);
        let before = self.entered;
        self.put_back(Entered {
            frame,
            repetition: *self.split.repetition(place),
        });
        before
    }

    /// Has sources read what was entered before.
    pub(crate) fn put_back(&mut self, before: Entered) {
        self.entered = before;
        self.valued[usize::from(FRAME)] = before.repetition.parts;
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
    #[inline]
    pub(crate) fn may_say(&self, guard: &Guard) -> bool {
        match guard {
            Guard::Open => true,
            Guard::One(need) if need.field == 0 => self.has(need),
            Guard::One(need) => self.has_part(need),
            Guard::Any(needs) => self.has_any(needs),
        }
    }

    #[inline]
    fn has(&self, need: &Need) -> bool {
        self.valued[usize::from(need.slot)] & need.mask != 0
    }

    #[inline(never)]
    fn has_part(&self, need: &Need) -> bool {
        let place = self.reached(need.frame());
        place.is_some_and(|place| self.split.repetition(place).parts & need.mask != 0)
    }

    #[inline(never)]
    fn has_any(&self, needs: &[Need]) -> bool {
        needs.iter().any(|need| match need.field {
            0 => self.has(need),
            _ => self.has_part(need),
        })
    }

    /// The place of the repetition of a field that its loop has reached, or of the first.
    fn reached(&self, frame: Frame) -> Option<u32> {
        let segment = self.segment(frame.slot)?;
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
    #[inline]
    pub(crate) fn piece(&self, source: Source) -> Option<Piece> {
        let repetition = if source.slot == FRAME {
            self.entered.repetition.whole
        } else {
            self.repetition_at(source)?
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

    #[inline(never)]
    fn repetition_at(&self, source: Source) -> Option<Piece> {
        let place = self.reached(source.frame())?;
        Some(self.split.repetition(place).whole)
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
        let range = piece.start as usize..piece.end as usize;
        let text = match self.text {
            Some(text) if !piece.escaped => text.get(range).filter(|text| *text != DELETED)?,
            _ if self.raw(piece) == DELETED.as_bytes() => return None,
            _ => self.message.value_at(range).text_in(scratch).ok()?,
        };
        let text = trimmed(text);
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn is_valued(&self, source: Source) -> bool {
        if source.field == 0 && source.slot != FRAME {
            return self.segment(source.slot).is_some();
        }
        self.piece(source).is_some_and(|piece| {
            let raw = self.raw(piece);
            raw != DELETED.as_bytes() && has_content(raw)
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

/// The value that deletes one (HL7 v2.9 §2.5.3): it is none itself.
const DELETED: &str = "\"\"";

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
