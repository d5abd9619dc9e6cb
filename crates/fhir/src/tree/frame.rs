//! What a part of the tree reads. One that reads a single field is written in terms of that field.

use crate::maps::condition::Condition;
use crate::plan::{Candidate, FRAME, Frame, Part, Source, Value};

/// What a part reads of the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reads {
    Nothing,
    Field(Frame),
    /// Several fields, or segments as a whole.
    More,
}

impl Reads {
    pub(super) fn and(self, other: Reads) -> Reads {
        match (self, other) {
            (Reads::Nothing, reads) | (reads, Reads::Nothing) => reads,
            (reads, same) if reads == same => reads,
            _ => Reads::More,
        }
    }

    pub(super) fn frame(self) -> Option<Frame> {
        match self {
            Reads::Field(frame) => Some(frame),
            Reads::Nothing | Reads::More => None,
        }
    }

    fn of(source: Source) -> Reads {
        match source.field {
            0 => Reads::More,
            _ => Reads::Field(source.frame()),
        }
    }

    pub(super) fn asked(conditions: &[Condition<Source>]) -> Reads {
        let mut reads = Reads::Nothing;
        for condition in conditions {
            condition.visit(&mut |source| reads = reads.and(Reads::of(*source)));
        }
        reads
    }
}

impl Candidate {
    /// What it reads, written in terms of the field if it is one alone; `nested`: what the resource that it opens reads.
    pub(super) fn framed(&mut self, nested: Reads) -> Reads {
        // Loops and links are of segments.
        let mut reads = match self.value {
            Value::Lines(_) | Value::Link { .. } => Reads::More,
            _ => nested,
        };
        self.sources(&mut |source| reads = reads.and(Reads::of(*source)));
        if reads.frame().is_some() {
            self.sources(&mut in_frame);
        }
        reads
    }

    fn sources(&mut self, visit: &mut impl FnMut(&mut Source)) {
        self.from.iter_mut().for_each(&mut *visit);
        match &mut self.value {
            Value::Mapped(_, _, _, system) => system.iter_mut().for_each(&mut *visit),
            Value::Original { of, .. } => {
                visit(&mut of.code);
                of.system.iter_mut().for_each(&mut *visit);
            }
            Value::Join(parts, _) => {
                for part in parts {
                    if let Part::Source(source) = part {
                        visit(source);
                    }
                }
            }
            _ => {}
        }
        for condition in &mut self.conditions {
            condition.visit_mut(visit);
        }
    }
}

pub(super) fn in_frame(source: &mut Source) {
    *source = Source {
        slot: FRAME,
        field: 0,
        repetition: 0,
        ..*source
    };
}
