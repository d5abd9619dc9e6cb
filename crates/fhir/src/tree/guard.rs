//! What a part of the tree waits for: the places of the message of which one must be valued for it to say anything.
//!
//! Most of what maps can carry is not in a given message. A guard is asked before its part is walked, so that the walk
//! costs what the message holds and not what the maps know.

use crate::plan::{ANY, Candidate, FRAME, Frame, Need, Part, Source, Value};
use crate::split::{DIVIDED, bit};

/// Places kept apart; beyond them components are taken for their field.
const MAX_NEEDS: usize = 48;
/// Needs of a guard: a longer one costs more than it saves.
const MAX_GUARD: usize = 6;

/// The places that a part waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs {
    /// It may say something without any of them.
    always: bool,
    /// One entry a segment (field 0), field or repetition.
    needs: Vec<Need>,
}

impl Needs {
    pub(super) fn add(&mut self, others: Needs) {
        self.always |= others.always;
        if self.always {
            self.needs = Vec::new();
            return;
        }
        for need in others.needs {
            self.need(need);
        }
        if self.needs.len() > MAX_NEEDS {
            self.replace(Need::whole);
        }
    }

    /// Only rows that can say something count: constants alone are no content.
    pub(super) fn row(&mut self, row: &Candidate) {
        match &row.value {
            Value::Never => {}
            Value::Constant(_) if row.from.is_none() => {}
            Value::Join(parts, _) => {
                for part in parts {
                    if let Part::Source(source) = part {
                        self.need(Need::of(*source));
                    }
                }
            }
            // Of all segments, not only of the one that its slot means.
            Value::Lines(_) => match row.from {
                Some(from) => self.need(Need::field(from.slot, 0)),
                None => self.always = true,
            },
            _ => match row.from {
                Some(from) => self.need(Need::of(from)),
                None => self.always = true,
            },
        }
        // A default stands in for a value that cannot be translated.
        if row.default.is_some()
            && let Some(from) = row.from
        {
            self.need(Need::of(from));
        }
    }

    /// Seen from outside of a loop over the segments of a slot.
    pub(super) fn outside_segments(&mut self, slot: u8) {
        self.replace(|need| {
            if need.slot() == slot {
                Need::field(slot, 0)
            } else {
                need
            }
        });
    }

    /// Seen from outside of a loop over repetitions.
    pub(super) fn outside_repetitions(&mut self, number: u8) {
        self.replace(|need| match need {
            Need::Components { of, mask } if of.repetition == number => Need::Components {
                of: Frame {
                    repetition: ANY,
                    ..of
                },
                mask,
            },
            _ => need,
        });
    }

    /// What to ask before walking; nothing where that is not known, or not worth it.
    pub(super) fn asked(&self) -> Vec<Need> {
        let mut asked = self.clone();
        asked.replace(Need::worth);
        if asked.needs.len() > MAX_GUARD {
            asked.replace(Need::whole);
        }
        if asked.always || asked.needs.len() > MAX_GUARD {
            return Vec::new();
        }
        asked.needs
    }

    fn replace(&mut self, by: impl Fn(Need) -> Need) {
        for need in std::mem::take(&mut self.needs) {
            self.need(by(need));
        }
    }

    fn need(&mut self, need: Need) {
        for other in &mut self.needs {
            match (other, need) {
                (
                    Need::Fields { slot, mask },
                    Need::Fields {
                        slot: same,
                        mask: more,
                    },
                ) if *slot == same => {
                    *mask |= more;
                    return;
                }
                (
                    Need::Components { of, mask },
                    Need::Components {
                        of: same,
                        mask: more,
                    },
                ) if *of == same => {
                    *mask |= more;
                    return;
                }
                _ => {}
            }
        }
        self.needs.push(need);
    }
}

impl Need {
    /// Asked for by the mask of its segment; 0 is the segment itself.
    fn field(slot: u8, number: u16) -> Need {
        Need::Fields {
            slot,
            mask: bit(number.into()),
        }
    }

    fn of(source: Source) -> Need {
        if source.field == 0 || (source.component == 0 && source.repetition == 0) {
            return Need::field(source.slot, source.field);
        }
        Need::Components {
            of: source.frame(),
            mask: if source.subcomponent > 1 {
                DIVIDED
            } else {
                bit(source.component.into())
            },
        }
    }

    fn slot(self) -> u8 {
        match self {
            Need::Fields { slot, .. } => slot,
            Need::Components { of, .. } => of.slot,
        }
    }

    /// The same, or its field where that says nearly as much and is asked faster: a field that holds anything mostly has its
    /// first component.
    fn worth(self) -> Need {
        match self {
            Need::Components { of, mask }
                if of.repetition == ANY && mask & (bit(0) | bit(1)) != 0 =>
            {
                self.whole()
            }
            _ => self,
        }
    }

    /// The field of which this is a part.
    fn whole(self) -> Need {
        match self {
            Need::Fields { .. } => self,
            Need::Components { of, .. } => Need::field(of.slot, of.field),
        }
    }

    /// The same of a part that reads one field, in terms of that field.
    pub(super) fn in_frame(needs: &[Need]) -> Need {
        let of = |need: &Need| match need {
            Need::Fields { .. } => bit(0),
            Need::Components { mask, .. } => *mask,
        };
        Need::Fields {
            slot: FRAME,
            mask: needs.iter().fold(0, |mask, need| mask | of(need)),
        }
    }
}
