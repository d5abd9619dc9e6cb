//! Reading places of the message: segments of a resource, repetitions of its loops, conditions over both.

use kiln_hl7::{Message, Segment, Value};

use crate::maps::condition::Condition;
use crate::plan::{MAX_SLOTS, Source};

/// The segments and repetitions that sources mean at the moment.
pub(crate) struct Places<'a> {
    pub(crate) message: Message<'a>,
    pub(crate) slots: [Option<Segment<'a>>; MAX_SLOTS],
    pub(crate) repetitions: [u16; 256],
}

impl<'a> Places<'a> {
    pub(crate) fn new(message: Message<'a>) -> Self {
        Places {
            message,
            slots: [None; MAX_SLOTS],
            repetitions: [1; 256],
        }
    }

    /// The value at a source, valued or not.
    pub(crate) fn value(&self, source: Source) -> Option<Value<'a>> {
        let segment = self.slots[usize::from(source.slot)]?;
        let repetition = if source.repetition == 0 {
            1
        } else {
            self.repetitions[usize::from(source.repetition)]
        };
        let mut value = segment
            .field(usize::from(source.field))
            .repetition(usize::from(repetition));
        if source.component > 0 {
            value = value.part(usize::from(source.component));
        }
        if source.subcomponent == u16::MAX {
            return None;
        }
        if source.subcomponent > 0 {
            value = value.part(usize::from(source.subcomponent));
        }
        Some(value)
    }

    /// The trimmed text at a source, if it is valued.
    pub(crate) fn text<'s>(&self, source: Source, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        let value = self.value(source).filter(Value::is_valued)?;
        let text = value
            .text_in(scratch)
            .ok()?
            .trim_matches(|c: char| c.is_whitespace() || c.is_control());
        (!text.is_empty()).then_some(text)
    }

    pub(crate) fn is_valued(&self, source: Source) -> bool {
        if source.field == 0 {
            return self.slots[usize::from(source.slot)].is_some();
        }
        self.value(source)
            .is_some_and(|value| value.is_valued() && has_content(value.raw()))
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
                let segment = self.slots[usize::from(source.slot)];
                let count = segment.map_or(0, |segment| {
                    let field = segment.field(usize::from(source.field));
                    if field.is_valued() || field.repetition_count() > 1 {
                        field.repetition_count()
                    } else {
                        0
                    }
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
