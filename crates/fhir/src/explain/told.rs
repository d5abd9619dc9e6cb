//! What a recorder remembers, told in the terms of maps and messages.

use std::collections::HashSet;

use kiln_hl7::Message;

use super::explanation::{
    Asks, Element, ExplainedResource, Explanation, Identity, Note, OffsetFrom, RowPlace,
    SourcePlace,
};
use super::leaves;
use super::recorder::{Event, EventKind, RecordedEntry, Recorder};
use super::unused;
use crate::compile::Compiled;
use crate::conversion::{Conversion, Request, Resource};
use crate::error::ConvertError;
use crate::execute;
use crate::options::{ConvertOptions, UtcOffset};
use crate::plan::MessagePlan;

/// Converts a message and tells how.
pub(crate) fn explain(
    compiled: &Compiled,
    plan: &MessagePlan,
    message: Message<'_>,
    options: ConvertOptions,
    out: &mut Conversion,
) -> Result<Explanation, ConvertError> {
    let codes = |table: &crate::plan::Table| table.codes.iter().map(|c| c.source.clone()).collect();
    let mut recorder = Recorder::new(compiled.tables.iter().map(codes).collect());
    execute::run(compiled, plan, message, options, out, &mut recorder)?;
    let (offset, stated) = execute::offset(message, options, &mut String::new());
    let from = if stated {
        OffsetFrom::Header
    } else {
        OffsetFrom::Site
    };
    let teller = Teller {
        compiled,
        recorder: &recorder,
        offset: (offset, from),
    };
    let mut used = HashSet::new();
    for resource in &recorder.standing {
        let values = resource.values.iter().flatten();
        used.extend(values.map(|place| at_least(*place)));
        used.extend(&resource.conditions);
    }
    used.extend(&recorder.again);
    let mut resources = Vec::new();
    for (resource, entry) in out.resources().zip(&recorder.entries) {
        for event in &entry.events {
            used.extend(&event.sources);
            used.extend(&event.conditions);
        }
        resources.push(teller.resource(&resource, entry));
    }
    let merged = recorder.merged.iter().filter_map(|number| {
        let again = recorder.standing.get(*number)?;
        Some((again.kind.to_owned(), again.id, again.anchor?))
    });
    Ok(Explanation {
        map: teller.row(plan.place).file,
        offset: (offset, from),
        resources,
        merged: merged.collect(),
        issues: out.issues().to_vec(),
        unused: unused::unused(message, &used),
    })
}

/// An identifier makes an id by its value and authority alone.
fn at_least(place: SourcePlace) -> SourcePlace {
    SourcePlace {
        component: place.component.max(1),
        ..place
    }
}

struct Teller<'t> {
    compiled: &'t Compiled,
    recorder: &'t Recorder,
    offset: (UtcOffset, OffsetFrom),
}

impl Teller<'_> {
    fn row(&self, (file, line): (usize, u32)) -> RowPlace {
        RowPlace {
            file: self.compiled.files.get(file).cloned().unwrap_or_default(),
            line,
        }
    }

    fn resource(&self, resource: &Resource<'_>, entry: &RecordedEntry) -> ExplainedResource {
        let standing = entry.instance.and_then(|n| self.recorder.standing.get(n));
        let identity = match standing {
            None => Identity::Content,
            Some(standing) => match &standing.values {
                None => Identity::Place,
                Some(values) => Identity::Values(values.clone()),
            },
        };
        ExplainedResource {
            resource_type: resource.resource_type.to_owned(),
            id: resource.id,
            asks: match resource.request {
                Request::Put => Asks::Put,
                Request::CreateIfNoneExist { criteria } => {
                    Asks::CreateIfNoneExist(criteria.to_owned())
                }
                Request::PutIfNoneMatch => Asks::PutIfNoneMatch,
            },
            identity,
            row: standing.map(|standing| self.row(standing.row)),
            elements: self.elements(resource, &entry.events),
        }
    }

    fn elements(&self, resource: &Resource<'_>, events: &[Event]) -> Vec<Element> {
        let leaves = leaves::leaves(resource.resource_type, resource.json);
        let named = leaves.into_iter().skip(1);
        named
            .map(|leaf| {
                let event = events
                    .binary_search_by_key(&leaf.range.start, |event| event.start)
                    .ok()
                    .map(|n| &events[n]);
                Element {
                    path: leaf.path,
                    value: String::from_utf8_lossy(&resource.json[leaf.range]).into_owned(),
                    row: event.map(|event| self.row(event.row)),
                    sources: event.map_or_else(Vec::new, |event| event.sources.clone()),
                    conditions: event.map_or_else(Vec::new, |event| event.conditions.clone()),
                    notes: event
                        .into_iter()
                        .filter_map(|event| self.note(event))
                        .collect(),
                }
            })
            .collect()
    }

    fn note(&self, event: &Event) -> Option<Note> {
        Some(match event.kind {
            EventKind::Taken => return None,
            EventKind::Constant => Note::Constant,
            EventKind::Default => Note::Default,
            EventKind::WithoutOffset => Note::Offset(self.offset.0, self.offset.1),
            EventKind::Table(table, row) => {
                Note::Table(self.row(self.compiled.tables[table].codes[row].place))
            }
            EventKind::CodingSystem => Note::CodingSystem,
            EventKind::AssigningAuthority => Note::AssigningAuthority,
            EventKind::Reference => Note::Reference,
        })
    }
}
