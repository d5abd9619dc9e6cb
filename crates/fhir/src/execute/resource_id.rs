//! The id of a resource: from its identifier where it has one, else from the message and the place in it.

use uuid::Uuid;

use super::run::Run;
use crate::authority;
use crate::identity;
use crate::plan::{Identity, ResourcePlan, Source};

impl<'a> Run<'_, 'a> {
    pub(super) fn id(&mut self, resource: &ResourcePlan, ordinal: usize) -> Uuid {
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
            number(ordinal, &mut seed);
        }
        let mut id = identity::id(&seed);
        let count = self.work.seen.entry((resource.kind, id)).or_insert(0);
        *count += 1;
        let named = found.is_some_and(|parts| {
            parts
                .iter()
                .any(|part| matches!(part, Identity::Identifier(_)))
        });
        if *count > 1 && !resource.mention && !named {
            // Two facts that the message does not tell apart are still two; one identifier is one resource.
            seed.extend_from_slice(b"|#");
            number(*count as usize, &mut seed);
            id = identity::id(&seed);
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
            Identity::Identifier(source) => {
                let Some(repetition) = self.identifier(*source, scratch) else {
                    return false;
                };
                seed.push(b'|');
                self.authority(
                    Source {
                        component: 4,
                        ..*source
                    },
                    repetition,
                    seed,
                    scratch,
                );
                seed.push(b'|');
                let Some(text) = self.part(*source, repetition, 1, scratch) else {
                    return false;
                };
                seed.extend_from_slice(text.as_bytes());
                true
            }
        }
    }

    /// The repetition of a CX field that identifies best: medical record number, internal, external, first valued.
    pub(super) fn identifier(&self, source: Source, scratch: &mut String) -> Option<usize> {
        let field = self.places.slots[usize::from(source.slot)]?.field(usize::from(source.field));
        let count = field.repetition_count();
        for wanted in ["MR", "PI", "PT", ""] {
            for repetition in 1..=count {
                if self.part(source, repetition, 1, scratch).is_none() {
                    continue;
                }
                if wanted.is_empty() || self.part(source, repetition, 5, scratch) == Some(wanted) {
                    return Some(repetition);
                }
            }
        }
        None
    }

    pub(super) fn part<'s>(
        &self,
        source: Source,
        repetition: usize,
        component: usize,
        scratch: &'s mut String,
    ) -> Option<&'s str>
    where
        'a: 's,
    {
        let field = self.places.slots[usize::from(source.slot)]?.field(usize::from(source.field));
        let value = field.repetition(repetition).part(component);
        if !value.is_valued() {
            return None;
        }
        let text = value.text_in(scratch).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The system of an identifier: its authority, else the sender's facility, which scopes its own numbers.
    fn authority(
        &self,
        source: Source,
        repetition: usize,
        out: &mut Vec<u8>,
        scratch: &mut String,
    ) {
        let segment = self.places.slots[usize::from(source.slot)];
        let value = segment.map(|s| {
            s.field(usize::from(source.field))
                .repetition(repetition)
                .part(usize::from(source.component))
        });
        if value.is_some_and(|value| authority::hd_uri(value, out, scratch)) {
            return;
        }
        self.facility(out, scratch);
    }

    /// The system of numbers that name no authority: the sending facility's own.
    pub(super) fn facility(&self, out: &mut Vec<u8>, scratch: &mut String) {
        out.extend_from_slice(b"urn:kiln:authority:");
        let facility = self.places.message.header().sending_facility().part(1);
        if let Ok(text) = facility.text_in(scratch) {
            identity::percent_encode(text.trim().as_bytes(), out);
        }
    }
}

fn number(n: usize, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let (mut at, mut rest) = (digits.len(), n);
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
