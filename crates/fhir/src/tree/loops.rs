//! Which items repeat, and with what: a segment's occurrences or a field's repetitions.

use super::shape::{Entry, Row, Shape, TreeItem};
use crate::maps::condition::Condition;
use crate::maps::path::Item;
use crate::plan::{Candidate, Frame, Part, Slot, Source, Value};

impl Shape {
    fn rows<'t>(&'t mut self, visit: &mut impl FnMut(&'t mut Row)) {
        match self {
            Shape::Empty => {}
            Shape::Leaf(entries) => {
                for entry in entries {
                    match entry {
                        Entry::Row(row) => visit(row),
                        Entry::Nested(_, shape) => shape.rows(visit),
                    }
                }
            }
            Shape::Object(_, branches) => branches
                .iter_mut()
                .for_each(|branch| branch.shape.rows(visit)),
            Shape::Items(items) => items.iter_mut().for_each(|item| item.shape.rows(visit)),
        }
    }

    /// Gives each item its loops: the outermost item whose rows all come from one field repeats with it.
    pub(super) fn assign(&mut self, slots: &[Slot], loops: &mut usize, open: &mut Vec<u8>) {
        match self {
            Shape::Empty => {}
            Shape::Leaf(entries) => {
                for entry in entries {
                    if let Entry::Nested(_, shape) = entry {
                        shape.assign(slots, loops, open);
                    }
                }
            }
            Shape::Object(_, branches) => branches
                .iter_mut()
                .for_each(|b| b.shape.assign(slots, loops, open)),
            Shape::Items(items) => items
                .iter_mut()
                .for_each(|item| item.assign(slots, loops, open)),
        }
    }
}

impl TreeItem {
    fn assign(&mut self, slots: &[Slot], loops: &mut usize, open: &mut Vec<u8>) {
        if matches!(self.key.1, Some(Item::Name(_))) {
            return self.shape.assign(slots, loops, open);
        }
        let (mut sources, mut whole): (Vec<Source>, bool) = (Vec::new(), false);
        self.shape.rows(&mut |row| {
            sources.extend(row.over.or(row.candidate.from));
            whole |= matches!(row.candidate.value, Value::Lines(_));
        });
        let each = sources
            .iter()
            .map(|source| source.slot)
            .find(|slot| slots[usize::from(*slot)].each.is_some());
        let opened = each.filter(|slot| !open.contains(slot));
        if let Some(slot) = opened {
            self.slot = Some(slot);
            open.push(slot);
        }
        if let Some(first) = sources.first().copied()
            && !whole
            && first.field > 0
            && first.repetition == 0
            && sources
                .iter()
                .all(|s| (s.slot, s.field, s.repetition) == (first.slot, first.field, 0))
        {
            *loops += 1;
            let number = u8::try_from((*loops).min(usize::from(u8::MAX))).unwrap_or(u8::MAX);
            self.repetitions = Some(Frame {
                slot: first.slot,
                repetition: number,
                field: first.field,
            });
            self.shape
                .rows(&mut |row| row.candidate.repeat(first.slot, first.field, number));
        }
        self.shape.assign(slots, loops, open);
        if opened.is_some() {
            open.pop();
        }
    }
}

impl Candidate {
    /// Reads the current repetition of a field from now on.
    fn repeat(&mut self, slot: u8, field: u16, number: u8) {
        let set = |source: &mut Source| {
            if (source.slot, source.field, source.repetition) == (slot, field, 0) {
                source.repetition = number;
            }
        };
        self.from.iter_mut().for_each(set);
        match &mut self.value {
            Value::Join(parts, _) => {
                for part in parts {
                    if let Part::Source(source) = part {
                        set(source);
                    }
                }
            }
            Value::Mapped(_, _, _, system) => system.iter_mut().for_each(set),
            Value::Original { of, .. } => {
                set(&mut of.code);
                of.system.iter_mut().for_each(set);
            }
            _ => {}
        }
        for condition in &mut self.conditions {
            repeat_condition(condition, &set);
        }
    }
}

fn repeat_condition(condition: &mut Condition<Source>, set: &impl Fn(&mut Source)) {
    match condition {
        Condition::Valued(s) | Condition::Among(s, _) | Condition::Length(s, ..) => set(s),
        // COUNT is of all repetitions, also inside the loop over them.
        Condition::Count(..) => {}
        Condition::Not(inner) => repeat_condition(inner, set),
        Condition::And(all) | Condition::Or(all) => {
            for condition in all {
                repeat_condition(condition, set);
            }
        }
    }
}
