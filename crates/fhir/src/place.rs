//! Reading places of the message: segments of a resource, repetitions of its loops, conditions over both.

use kiln_hl7::Message;

use crate::maps::condition::Condition;
use crate::plan::{ALWAYS, ANY, FRAME, Frame, MAX_SLOTS, Need, Source};
use crate::split::{
    DIVIDED, EMPTY_REPETITION, Piece, Repetition, Split, SplitField, SplitFields, bit,
};

/// The segments and repetitions that sources mean at the moment.
pub(crate) struct Places<'a> {
    pub(crate) message: Message<'a>,
    bytes: &'a [u8],
    /// The message, where its bytes are its text.
    text: Option<&'a str>,
    pub(crate) split: Split,
    /// The segment that each slot means.
    slots: [Pointed; TABLE],
    /// Which fields of these segments hold anything; in the place of [`FRAME`], which components of the entered field; in the
    /// place of [`ALWAYS`], all bits.
    valued: [u64; TABLE],
    /// The repetition that each loop has reached.
    loops: [Reached; 256],
    entered: Entered,
    /// Counts the changes of what is above.
    meaning: u32,
}

/// A segment that a slot means.
#[derive(Clone, Copy)]
struct Pointed {
    /// Place in the message; `None`: the message does not have it.
    segment: Option<u32>,
    fields: SplitFields,
}

impl Pointed {
    const NOWHERE: Pointed = Pointed {
        segment: None,
        fields: SplitFields::NONE,
    };
}

/// The field that a part of the plan reads.
#[derive(Clone, Copy)]
pub(crate) struct Entered {
    frame: Frame,
    /// Place of the repetition in the split.
    repetition: u32,
}

/// How far a loop over repetitions has come.
#[derive(Clone, Copy)]
struct Reached {
    /// Of the repetition, from 1.
    number: u16,
    /// Place of the repetition in the split; `u32::MAX`: no loop is on its way, which means the first one.
    repetition: u32,
}

impl Reached {
    const NONE: Reached = Reached {
        number: 1,
        repetition: u32::MAX,
    };
}

/// A valued text that stands in a JSON string as it is.
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a> {
    pub(crate) raw: &'a [u8],
    /// The same, and what follows it in the message.
    pub(crate) behind: &'a [u8],
}

/// A power of two above [`ALWAYS`]: an index that is masked needs no check.
const TABLE: usize = 64;
const _: () = assert!((ALWAYS as usize) < TABLE && MAX_SLOTS < TABLE);

impl<'a> Places<'a> {
    pub(crate) fn new(message: Message<'a>, mut split: Split) -> Self {
        let text = message.plain_text();
        split.read(message, text.is_some());
        let entered = Entered {
            frame: Frame::default(),
            repetition: EMPTY_REPETITION,
        };
        let mut valued = [0; TABLE];
        valued[usize::from(ALWAYS)] = u64::MAX;
        Places {
            message,
            bytes: message.bytes(),
            text,
            split,
            slots: [Pointed::NOWHERE; TABLE],
            valued,
            loops: [Reached::NONE; 256],
            entered,
            meaning: 0,
        }
    }

    /// Place in the message of the segment that a slot means.
    #[inline]
    pub(crate) fn segment(&self, slot: u8) -> Option<usize> {
        let segment = self.pointed(slot).segment?;
        Some(segment as usize)
    }

    #[inline]
    fn pointed(&self, slot: u8) -> &Pointed {
        &self.slots[usize::from(slot) % TABLE]
    }

    /// A number that is another when sources may mean other places than before.
    #[inline]
    pub(crate) fn meaning(&self) -> u32 {
        self.meaning
    }

    /// Points a slot at a segment.
    #[inline]
    pub(crate) fn point(&mut self, slot: usize, segment: Option<usize>) {
        self.meaning = self.meaning.wrapping_add(1);
        let pointed = segment.and_then(|place| {
            let (fields, valued) = self.split.segment(place)?;
            let segment = u32::try_from(place).ok();
            Some((Pointed { segment, fields }, valued))
        });
        let (pointed, valued) = pointed.unwrap_or((Pointed::NOWHERE, 0));
        self.slots[slot % TABLE] = pointed;
        self.valued[slot % TABLE] = valued;
    }

    /// The field of that number of a slot's segment.
    #[inline]
    pub(crate) fn field(&self, slot: u8, number: u16) -> Option<SplitField> {
        self.split.field(self.pointed(slot).fields, number)
    }

    /// The places of a field's repetitions.
    pub(crate) fn repetitions(&self, slot: u8, field: u16) -> std::ops::Range<u32> {
        self.field(slot, field)
            .map_or(0..0, |field| field.first..field.first + field.repetitions)
    }

    /// Says which repetition of a field a loop has reached: how many are before it.
    #[inline]
    pub(crate) fn reach(&mut self, number: u8, field: SplitField, before: u32) {
        self.meaning = self.meaning.wrapping_add(1);
        self.loops[usize::from(number)] = Reached {
            number: u16::try_from(before + 1).unwrap_or(u16::MAX),
            repetition: field.first + before,
        };
    }

    /// Ends a loop.
    #[inline]
    pub(crate) fn leave(&mut self, number: u8) {
        self.meaning = self.meaning.wrapping_add(1);
        self.loops[usize::from(number)] = Reached::NONE;
    }

    /// Has sources read a field, until what was entered before is put back. A field that is not there is like an empty one.
    #[inline]
    pub(crate) fn enter(&mut self, frame: Frame) -> Entered {
        let before = self.entered;
        self.put_back(Entered {
            frame,
            repetition: self.reached(frame),
        });
        before
    }

    /// Has sources read what was entered before.
    #[inline]
    pub(crate) fn put_back(&mut self, before: Entered) {
        self.meaning = self.meaning.wrapping_add(1);
        self.entered = before;
        self.valued[usize::from(FRAME)] = self.split.repetition(before.repetition).parts;
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
            Need::Fields { slot, mask } => self.valued[usize::from(slot) % TABLE] & mask != 0,
            Need::Components { of, mask } => self.has_component(of, mask),
        }
    }

    #[inline(never)]
    fn has_component(&self, of: Frame, mask: u64) -> bool {
        let parts = if of.repetition == ANY {
            self.field(of.slot, of.field).map_or(0, |field| field.parts)
        } else {
            self.split.repetition(self.reached(of)).parts
        };
        parts & mask != 0
    }

    /// Whether there may be something at a source: nothing is where a mask says so.
    #[inline]
    pub(crate) fn may_have(&self, source: Source) -> bool {
        let number = match source.slot {
            FRAME => source.component,
            _ => source.field,
        };
        self.valued[usize::from(source.slot) % TABLE] & bit(number.into()) != 0
    }

    /// Place in the split of the repetition of a field that its loop has reached, or the first. A field that is not there is
    /// like an empty one.
    #[inline]
    fn reached(&self, frame: Frame) -> u32 {
        if frame.repetition > 0 {
            let reached = self.loops[usize::from(frame.repetition)].repetition;
            if reached != u32::MAX {
                return reached;
            }
        }
        self.field(frame.slot, frame.field)
            .map_or(EMPTY_REPETITION, |field| field.first)
    }

    /// The number of the repetition that a source means, from 1.
    pub(crate) fn repetition(&self, source: Source) -> u16 {
        self.loops[usize::from(self.absolute(source).repetition)].number
    }

    /// Where the value of a source lies, valued or not.
    pub(crate) fn piece(&self, source: Source) -> Option<Piece> {
        self.found(source)
    }

    /// The bytes at a source, if they stand in a JSON string as they are.
    #[inline]
    pub(crate) fn plain_at(&self, source: Source) -> Option<Plain<'a>> {
        self.plain(self.found(source)?)
    }

    /// The bytes of the trimmed text at a source, if it is valued.
    #[inline]
    pub(crate) fn valued_bytes<'s>(
        &self,
        source: Source,
        scratch: &'s mut String,
    ) -> Option<&'s [u8]>
    where
        'a: 's,
    {
        let piece = self.found(source)?;
        match self.plain(piece) {
            Some(plain) => Some(plain.raw),
            None => self.text_of(piece, scratch).map(str::as_bytes),
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "nearly every value that is written is looked up so"
    )]
    #[inline(always)]
    fn found(&self, source: Source) -> Option<Piece> {
        let place = if source.slot == FRAME {
            self.entered.repetition
        } else {
            self.reached(source.frame())
        };
        let repetition = self.split.repetition(place);
        if source.component == 0 {
            return Some(repetition.whole);
        }
        let component = self.split.component(&repetition.whole, source.component)?;
        match source.subcomponent {
            0 => Some(*component),
            1 if repetition.parts & DIVIDED == 0 => Some(*component),
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

    /// The bytes of a piece that is valued and stands in a JSON string as it is, with nothing to trim: nearly all are so.
    #[inline]
    pub(crate) fn plain(&self, piece: Piece) -> Option<Plain<'a>> {
        if !piece.plain {
            return None;
        }
        let raw = self.raw(piece);
        is_trimmed(raw).then_some(Plain {
            raw,
            behind: &self.bytes[piece.start as usize..],
        })
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

    #[inline]
    pub(crate) fn is_valued(&self, source: Source) -> bool {
        if !self.may_have(source) {
            return false;
        }
        if source.field == 0 && source.slot != FRAME {
            return true;
        }
        self.found(source).is_some_and(|piece| {
            let raw = self.raw(piece);
            raw.first().is_some_and(u8::is_ascii_alphanumeric)
                || (has_content(raw) && (piece.plain || raw != DELETED))
        })
    }

    fn is_among(&self, source: Source, values: &[String], scratch: &mut String) -> bool {
        let text = self.valued_bytes(source, scratch);
        text.is_some_and(|text| values.iter().any(|value| value.as_bytes() == text))
    }

    pub(crate) fn holds(&self, condition: &Condition<Source>, scratch: &mut String) -> bool {
        match condition {
            Condition::Valued(source) => self.is_valued(*source),
            Condition::Among(source, values) => {
                self.may_have(*source) && self.is_among(*source, values, scratch)
            }
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
    if is_trimmed(text.as_bytes()) {
        return Some(text);
    }
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    (!text.is_empty()).then_some(text)
}

/// Whether a text is surely one without blanks and control characters around it.
#[inline]
fn is_trimmed(text: &[u8]) -> bool {
    matches!(text, [first, .., last] | [first @ last] if first.is_ascii_graphic() && last.is_ascii_graphic())
}
