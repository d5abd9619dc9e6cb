//! Remembers what a run told.

use std::ops::Range;

use uuid::Uuid;

use super::explanation::SourcePlace;
use crate::execute::{Identified, Trace, Wrote};
use crate::group::Groups;
use crate::maps::condition::Condition;
use crate::place::Places;
use crate::plan::{Candidate, Identity, Part, ResourcePlan, Source, Value};
use crate::primitive::Primitive;

/// A value that was written, and what it was made of.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) start: usize,
    /// Number of the map file, and line.
    pub(super) row: (usize, u32),
    pub(super) kind: EventKind,
    pub(super) sources: Vec<SourcePlace>,
    pub(super) conditions: Vec<SourcePlace>,
}

/// What gave the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventKind {
    Constant,
    Default,
    Taken,
    /// A time that states no offset of its own.
    WithoutOffset,
    /// A code table, and the number of its row.
    Table(usize, usize),
    CodingSystem,
    AssigningAuthority,
    Reference,
}

/// A resource of the message map that stands in the message.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) kind: &'static str,
    pub(super) id: Uuid,
    /// Number of the map file, and line.
    pub(super) row: (usize, u32),
    pub(super) anchor: Option<SourcePlace>,
    /// What the id is made of; `None`: the place in the message.
    pub(super) values: Option<Vec<SourcePlace>>,
    /// What the condition of the resource looked at.
    pub(super) conditions: Vec<SourcePlace>,
}

/// An entry of the conversion: its resource in the message map, unless a row opened it, and its events.
#[derive(Debug, Default)]
pub(super) struct RecordedEntry {
    pub(super) instance: Option<usize>,
    pub(super) events: Vec<Event>,
}

#[derive(Default)]
pub(super) struct Recorder {
    pub(super) standing: Vec<Standing>,
    identity: Option<Vec<SourcePlace>>,
    pub(super) entries: Vec<RecordedEntry>,
    pub(super) merged: Vec<usize>,
    open: Vec<(usize, Vec<Event>)>,
    parked: std::collections::VecDeque<Vec<Event>>,
    /// Of what was said of a resource that the message had already named.
    pub(super) again: Vec<SourcePlace>,
    /// What the parts of the plan that are walked were asked, the outermost first.
    asked: Vec<Vec<SourcePlace>>,
    /// The repetitions that became the lines of one value.
    lines: Vec<SourcePlace>,
    tables: Vec<Vec<String>>,
}

impl Recorder {
    /// `tables`: the source codes of each code table, as the plan has them.
    pub(super) fn new(tables: Vec<Vec<String>>) -> Recorder {
        Recorder {
            tables,
            ..Recorder::default()
        }
    }

    fn kind(&self, candidate: &Candidate, how: Wrote, places: &Places<'_>) -> EventKind {
        let mut scratch = String::new();
        let mut text = |source: Option<Source>| {
            source.and_then(|source| places.text(source, &mut scratch).map(str::to_owned))
        };
        match (&candidate.value, how) {
            (_, Wrote::Default) => EventKind::Default,
            (Value::Constant(_), _) => EventKind::Constant,
            (Value::Nested { .. } | Value::Link { .. }, _) => EventKind::Reference,
            (
                Value::System
                | Value::Original {
                    is_system: true, ..
                },
                _,
            ) => EventKind::CodingSystem,
            (Value::Authority, _) => EventKind::AssigningAuthority,
            (Value::Mapped(table, ..), _) => {
                let code = text(candidate.from).unwrap_or_default();
                let rows = self.tables.get(*table);
                let row = rows.and_then(|rows| rows.binary_search(&code).ok());
                row.map_or(EventKind::Taken, |row| EventKind::Table(*table, row))
            }
            (Value::Primitive(Primitive::DateTime | Primitive::Instant), _) => {
                match text(candidate.from) {
                    Some(time) if time.len() > 8 && !time.contains(['+', '-', 'Z']) => {
                        EventKind::WithoutOffset
                    }
                    _ => EventKind::Taken,
                }
            }
            _ => EventKind::Taken,
        }
    }
}

/// The places that a row's value is made from.
fn sources(candidate: &Candidate) -> Vec<Source> {
    let Value::Join(parts, _) = &candidate.value else {
        return candidate.from.into_iter().collect();
    };
    let sources = parts.iter().filter_map(|part| match part {
        Part::Source(source) => Some(*source),
        Part::Literal(_) => None,
    });
    sources.collect()
}

/// A source as a place of the message; `None` when its segment is not there.
fn place(source: Source, places: &Places<'_>, groups: &Groups) -> Option<SourcePlace> {
    if source.subcomponent == u16::MAX {
        return None;
    }
    let source = places.absolute(source);
    let ordinal = places.segment(source.slot)?;
    Some(SourcePlace {
        field: source.field,
        repetition: places.repetition(source),
        component: source.component,
        subcomponent: source.subcomponent,
        ..segment(ordinal, places, groups)?
    })
}

fn segment(ordinal: usize, places: &Places<'_>, groups: &Groups) -> Option<SourcePlace> {
    let segment = places.message.segment_at(ordinal)?;
    let mut name = [b'?'; 3];
    name.copy_from_slice(segment.name().as_bytes().get(..3)?);
    Some(SourcePlace {
        ordinal,
        segment: name,
        occurrence: groups.occurrence(ordinal).unwrap_or(1),
        field: 0,
        repetition: 1,
        component: 0,
        subcomponent: 0,
    })
}

fn looked_at(
    condition: &Condition<Source>,
    places: &Places<'_>,
    groups: &Groups,
) -> Vec<SourcePlace> {
    let mut all = Vec::new();
    condition.visit(&mut |source| all.extend(place(*source, places, groups)));
    all
}

impl Trace for &mut Recorder {
    fn restarted(&mut self) {
        self.entries.clear();
        self.merged.clear();
        self.again.clear();
        self.open.clear();
        self.parked.clear();
    }

    fn identified(&mut self, how: Identified<'_>, places: &Places<'_>, groups: &Groups) {
        self.identity = match how {
            Identified::Place => None,
            Identified::By(parts) => Some(
                parts
                    .iter()
                    .filter_map(|part| {
                        let (Identity::Source(source)
                        | Identity::Identifier(source)
                        | Identity::Entity(source)) = part;
                        place(*source, places, groups)
                    })
                    .collect(),
            ),
        };
    }

    fn stood(
        &mut self,
        resource: &ResourcePlan,
        id: Uuid,
        anchor: usize,
        places: &Places<'_>,
        groups: &Groups,
    ) {
        let condition = resource.condition.as_ref();
        self.standing.push(Standing {
            kind: resource.kind,
            id,
            row: resource.place,
            anchor: segment(anchor, places, groups),
            values: self.identity.take(),
            conditions: condition.map_or_else(Vec::new, |c| looked_at(c, places, groups)),
        });
    }

    fn opened(&mut self, base: usize) {
        self.open.push((base, Vec::new()));
    }

    fn asked(&mut self, conditions: &[Condition<Source>], places: &Places<'_>, groups: &Groups) {
        let places = conditions.iter().flat_map(|c| looked_at(c, places, groups));
        self.asked.push(places.collect());
    }

    fn answered(&mut self) {
        self.asked.pop();
    }

    fn wrote(
        &mut self,
        candidate: &Candidate,
        row: (usize, u32),
        how: Wrote,
        range: Range<usize>,
        places: &Places<'_>,
        groups: &Groups,
    ) {
        let kind = self.kind(candidate, how, places);
        let lines = std::mem::take(&mut self.lines);
        let event = Event {
            start: range.start,
            row,
            kind,
            sources: if matches!(candidate.value, Value::Lines(_)) {
                lines
            } else {
                sources(candidate)
                    .into_iter()
                    .filter_map(|source| place(source, places, groups))
                    .collect()
            },
            conditions: if matches!(candidate.value, Value::Nested { .. }) {
                // Its rows say so themselves.
                Vec::new()
            } else {
                let own = candidate.conditions.iter();
                let own = own.flat_map(|condition| looked_at(condition, places, groups));
                self.asked.iter().flatten().copied().chain(own).collect()
            },
        };
        if let Some((_, events)) = self.open.last_mut() {
            events.push(event);
        }
    }

    fn line(&mut self, from: Source, repetition: u16, places: &Places<'_>, groups: &Groups) {
        self.lines
            .extend(place(from, places, groups).map(|place| SourcePlace {
                repetition,
                ..place
            }));
    }

    fn cut(&mut self, at: usize) {
        if let Some((_, events)) = self.open.last_mut() {
            events.retain(|event| event.start < at);
        }
    }

    fn abandoned(&mut self) {
        self.open.pop();
    }

    fn closed(&mut self, instance: usize) {
        let (base, mut events) = self.open.pop().unwrap_or_default();
        for event in &mut events {
            event.start -= base;
        }
        self.entries.push(RecordedEntry {
            instance: Some(instance),
            events,
        });
    }

    fn parked(&mut self, members: usize) {
        let (_, mut events) = self.open.pop().unwrap_or_default();
        for event in &mut events {
            event.start += members;
        }
        self.parked.push_back(events);
    }

    fn unparked(&mut self, count: usize) {
        self.parked.truncate(count);
    }

    fn taken(&mut self, entry: bool) {
        let events = self.parked.pop_front().unwrap_or_default();
        if entry {
            self.entries.push(RecordedEntry {
                instance: None,
                events,
            });
        } else {
            self.again
                .extend(events.into_iter().flat_map(|e| e.sources));
        }
    }

    fn merged(&mut self, instance: usize) {
        self.merged.push(instance);
    }
}
