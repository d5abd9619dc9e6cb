//! The id of a resource: from its identifier where it has one, else from the message and the place in it.

use kiln_hl7::Message;
use uuid::Uuid;

use super::run::Run;
use super::trace::{Identified, Trace};
use crate::authority::{self, Authority};
use crate::identity;
use crate::json;
use crate::plan::{Identity, ResourcePlan, Source};
use crate::split::Piece;

/// The system of numbers that name no authority: the sending facility's own.
pub(super) fn facility(message: Message<'_>, out: &mut Vec<u8>, scratch: &mut String) {
    out.extend_from_slice(b"urn:kiln:authority:");
    let facility = message.header().sending_facility().part(1);
    if let Ok(text) = facility.text_in(scratch) {
        identity::percent_encode(text.trim().as_bytes(), out);
    }
}

impl<'a, T: Trace> Run<'_, 'a, T> {
    pub(super) fn id(&mut self, resource: &ResourcePlan, ordinal: u64) -> Uuid {
        let mut seed = std::mem::take(&mut self.work.seed);
        let mut scratch = std::mem::take(&mut self.work.scratch);
        let found = resource.id.iter().find(|alternative| {
            seed.clear();
            seed.extend_from_slice(resource.kind.as_bytes());
            !alternative.is_empty()
                && alternative
                    .iter()
                    .all(|part| self.identity(part, &mut seed, &mut scratch))
        });
        if found.is_none() {
            seed.clear();
            seed.extend_from_slice(resource.kind.as_bytes());
            let msh = self.places.message.msh();
            for field in [3, 4, 10] {
                seed.push(b'|');
                seed.extend_from_slice(msh.field(field).raw());
            }
            seed.push(b'|');
            seed.extend_from_slice(resource.name.as_bytes());
            seed.extend_from_slice(b"|#");
            json::number(ordinal, &mut seed);
        }
        let how = match found {
            Some(parts) => Identified::By(parts),
            None => Identified::Place,
        };
        self.trace.identified(how, &self.places, &self.work.groups);
        let mut id = identity::id(&seed);
        let count = self.work.seen.entry(id).or_insert(0);
        *count += 1;
        let named = found.is_some_and(|parts| {
            parts
                .iter()
                .any(|part| matches!(part, Identity::Identifier(_)))
        });
        if *count > 1 && !resource.mention && !named {
            // One identifier is one resource.
            id = identity::another(&mut seed, *count);
        }
        self.work.seed = seed;
        self.work.scratch = scratch;
        id
    }

    fn identity(&self, part: &Identity, seed: &mut Vec<u8>, scratch: &mut String) -> bool {
        match part {
            Identity::Source(source) => {
                let Some(text) = self.places.text(*source, scratch) else {
                    return false;
                };
                seed.push(b'|');
                seed.extend_from_slice(text.as_bytes());
                true
            }
            Identity::Entity(source) => {
                let Some(first) = self.places.repetitions(source.slot, source.field).next() else {
                    return false;
                };
                let entity = self.places.split.repetition(first).whole;
                let Some(number) = self.part(entity, 1, scratch) else {
                    return false;
                };
                seed.push(b'|');
                seed.extend_from_slice(number.as_bytes());
                seed.push(b'|');
                authority::hd_uri(
                    &self.places,
                    Authority::Entity(entity),
                    self.authorities,
                    seed,
                    scratch,
                )
            }
            Identity::Identifier(source) => {
                let Some(repetition) = self.identifier(*source, scratch) else {
                    return false;
                };
                seed.push(b'|');
                self.authority(repetition, seed, scratch);
                seed.push(b'|');
                let Some(text) = self.part(repetition, 1, scratch) else {
                    return false;
                };
                seed.extend_from_slice(text.as_bytes());
                true
            }
        }
    }

    /// The repetition of a CX field that identifies best: medical record number, internal, external, first valued.
    pub(super) fn identifier(&self, source: Source, scratch: &mut String) -> Option<Piece> {
        let mut best: Option<(usize, Piece)> = None;
        for place in self.places.repetitions(source.slot, source.field) {
            let repetition = self.places.split.repetition(place).whole;
            if self.part(repetition, 1, scratch).is_none() {
                continue;
            }
            let kind = self.part(repetition, 5, scratch);
            let rank = ["MR", "PI", "PT"]
                .iter()
                .position(|wanted| kind == Some(wanted));
            let rank = rank.unwrap_or(usize::MAX);
            if best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, repetition));
            }
        }
        best.map(|(_, repetition)| repetition)
    }

    /// The text of a component.
    pub(super) fn part<'s>(
        &self,
        repetition: Piece,
        component: u16,
        scratch: &'s mut String,
    ) -> Option<&'s str>
    where
        'a: 's,
    {
        let piece = self.places.part(repetition, component)?;
        self.places.text_of(piece, scratch)
    }

    /// The system of an identifier: its authority, else the sender's facility, which scopes its own numbers.
    fn authority(&self, repetition: Piece, out: &mut Vec<u8>, scratch: &mut String) {
        if !self.stated_authority(repetition, out, scratch) {
            out.extend_from_slice(&self.work.facility);
        }
    }

    /// The URI of CX.4, if it states an authority.
    pub(super) fn stated_authority(
        &self,
        repetition: Piece,
        out: &mut Vec<u8>,
        scratch: &mut String,
    ) -> bool {
        let stated = self.places.part(repetition, 4);
        stated.is_some_and(|piece| {
            authority::hd_uri(
                &self.places,
                Authority::Component(piece),
                self.authorities,
                out,
                scratch,
            )
        })
    }
}
