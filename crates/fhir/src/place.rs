//! Reading places of the message: segments of a resource, repetitions of its loops, conditions over both.

use kiln_hl7::Message;

use crate::maps::condition::Condition;
use crate::plan::{ALWAYS, FRAME, Frame, MAX_SLOTS, Need, Source};
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
    /// Which fields of these segments hold anything; in the place of [`FRAME`], which components of the entered field; in the
    /// place of [`ALWAYS`], all bits.
    valued: [u64; VALUED],
    /// The repetition that each loop has reached.
    loops: [Reached; 256],
    entered: Entered,
    /// Counts the changes of what is above.
    meaning: u32,
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
    /// `None`: no loop is on its way, which means the first one.
    repetition: Option<Repetition>,
}

impl Reached {
    const NONE: Reached = Reached {
        number: 1,
        repetition: None,
    };
}

/// A power of two above [`ALWAYS`]: an index that is masked needs no check.
const VALUED: usize = 64;
const _: () = assert!((ALWAYS as usize) < VALUED);

impl<'a> Places<'a> {
    pub(crate) fn new(message: Message<'a>, mut split: Split) -> Self {
        let text = message.plain_text();
        split.read(message, text.is_some());
        let entered = Entered {
            frame: Frame::default(),
            repetition: *split.repetition(0),
        };
        let mut valued = [0; VALUED];
        valued[usize::from(ALWAYS)] = u64::MAX;
        Places {
            message,
            bytes: message.bytes(),
            text,
            split,
            slots: [None; MAX_SLOTS],
            valued,
            loops: [Reached::NONE; 256],
            entered,
            meaning: 0,
        }
    }

    /// Place in the message of the segment that a slot means.
    pub(crate) fn segment(&self, slot: u8) -> Option<usize> {
        self.slots[usize::from(slot)]
    }

    /// A number that is another when sources may mean other places than before.
    pub(crate) fn meaning(&self) -> u32 {
        self.meaning
    }

    /// Points a slot at a segment.
    pub(crate) fn point(&mut self, slot: usize, segment: Option<usize>) {
        self.meaning = self.meaning.wrapping_add(1);
        self.slots[slot] = segment;
        self.valued[slot] = segment.map_or(0, |segment| self.split.valued(segment));
    }

    /// The field of that number of a slot's segment.
    pub(crate) fn field(&self, slot: u8, number: u16) -> Option<SplitField> {
        self.split.field(self.segment(slot)?, number)
    }

    /// The places of a field's repetitions.
    pub(crate) fn repetitions(&self, slot: u8, field: u16) -> std::ops::Range<u32> {
        self.field(slot, field)
            .map_or(0..0, |field| field.first..field.first + field.repetitions)
    }

    /// Says which repetition of a field a loop has reached: how many are before it.
    pub(crate) fn reach(&mut self, number: u8, field: SplitField, before: u32) {
        self.meaning = self.meaning.wrapping_add(1);
        self.loops[usize::from(number)] = Reached {
            number: u16::try_from(before + 1).unwrap_or(u16::MAX),
            repetition: Some(*self.split.repetition(field.first + before)),
        };
    }

    /// Ends a loop.
    pub(crate) fn leave(&mut self, number: u8) {
        self.meaning = self.meaning.wrapping_add(1);
        self.loops[usize::from(number)] = Reached::NONE;
    }

    /// Has sources read a field, until what was entered before is put back. A field that is not there is like an empty one.
    pub(crate) fn enter(&mut self, frame: Frame) -> Entered {
        let before = self.entered;
        self.put_back(Entered {
            frame,
            repetition: *self.reached(frame).unwrap_or(self.split.repetition(0)),
        });
        before
    }

    /// Has sources read what was entered before.
    pub(crate) fn put_back(&mut self, before: Entered) {
        self.meaning = self.meaning.wrapping_add(1);
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

    /// Whether one of a need's places is valued.
    #[inline]
    pub(crate) fn has(&self, need: Need) -> bool {
        match need {
            Need::Fields { slot, mask } => self.valued[usize::from(slot) % VALUED] & mask != 0,
            Need::Components { of, mask } => self.has_component(of, mask),
        }
    }

    #[inline(never)]
    fn has_component(&self, of: Frame, mask: u64) -> bool {
        let reached = self.reached(of);
        reached.is_some_and(|repetition| repetition.parts & mask != 0)
    }

    /// The repetition of a field that its loop has reached, or the first.
    #[inline]
    fn reached(&self, frame: Frame) -> Option<&Repetition> {
        if frame.repetition > 0
            && let Some(reached) = &self.loops[usize::from(frame.repetition)].repetition
        {
            self.segment(frame.slot)?;
            return Some(reached);
        }
        self.first(frame)
    }

    #[inline(never)]
    fn first(&self, frame: Frame) -> Option<&Repetition> {
        let field = self.field(frame.slot, frame.field)?;
        Some(self.split.repetition(field.first))
    }

    /// The number of the repetition that a source means, from 1.
    pub(crate) fn repetition(&self, source: Source) -> u16 {
        self.loops[usize::from(self.absolute(source).repetition)].number
    }

    /// Where the value of a source lies, valued or not.
    #[inline]
    pub(crate) fn piece(&self, source: Source) -> Option<Piece> {
        let repetition = if source.slot == FRAME {
            &self.entered.repetition.whole
        } else {
            &self.reached(source.frame())?.whole
        };
        if source.component == 0 {
            return Some(*repetition);
        }
        let component = self.split.component(repetition, source.component)?;
        match source.subcomponent {
            0 => Some(*component),
            // A part that the value cannot have.
            u16::MAX => None,
            number => self.subpart(*component, number),
        }
    }

    /// A component of a repetition.
    pub(crate) fn part(&self, repetition: Piece, number: u16) -> Option<Piece> {
        self.split.component(&repetition, number).copied()
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
        if piece.plain {
            let text = self.text?.get(piece.start as usize..piece.end as usize)?;
            return trimmed(text);
        }
        self.decoded(piece, scratch)
    }

    #[inline(never)]
    fn decoded<'s>(&self, piece: Piece, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        if self.raw(piece) == DELETED {
            return None;
        }
        let range = piece.start as usize..piece.end as usize;
        trimmed(self.message.value_at(range).text_in(scratch).ok()?)
    }

    pub(crate) fn is_valued(&self, source: Source) -> bool {
        if source.field == 0 && source.slot != FRAME {
            return self.segment(source.slot).is_some();
        }
        self.piece(source).is_some_and(|piece| {
            let raw = self.raw(piece);
            has_content(raw) && (piece.plain || raw != DELETED)
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
const DELETED: &[u8] = b"\"\"";

/// Delimiters alone, such as `^^`, are no value.
fn has_content(raw: &[u8]) -> bool {
    raw.iter()
        .any(|byte| !matches!(byte, b'^' | b'&' | b'~' | b' '))
}

/// Without the blanks and control characters around it; `None`: there is nothing else.
#[inline]
fn trimmed(text: &str) -> Option<&str> {
    if let [first, .., last] | [first @ last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return Some(text);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    (!text.is_empty()).then_some(text)
}
