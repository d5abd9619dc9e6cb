//! Writing one resource, and those that it opened.

use super::element::Written;
use super::issues::name_of;
use super::run::Run;
use super::trace::Trace;
use crate::conversion::Entry;
use crate::identity::{self, Id};
use crate::issue::{Issue, IssueReason};
use crate::plan::ResourcePlan;

impl<'r, T: Trace> Run<'r, '_, T> {
    pub(super) fn resource(&mut self, resource: &'r ResourcePlan, at: usize) {
        let instance = self.work.instances[at];
        let already = self.work.seen.contains_key(&instance.id.uuid);
        if already {
            self.trace.merged(at);
            return;
        }
        self.instance = at;
        self.slots = &resource.slots;
        self.links = &resource.links;
        self.work.alike.clear();
        self.stand(resource, instance.group, instance.anchor);
        let mut buffer = std::mem::take(&mut self.out.bytes);
        let start = buffer.len();
        self.trace.opened(start);
        head(resource.kind, instance.id, &mut buffer);
        if let Some(frame) = resource.frame {
            self.places.enter(frame);
        }
        let written = self.root(resource.root, &mut buffer);
        buffer.push(b'}');
        // That it belongs to the patient is not worth a resource.
        if written < Written::Content && !resource.bare {
            self.work.instances[at].dropped = true;
            self.trace.abandoned();
            self.trace.unparked(0);
            buffer.truncate(start);
            self.out.bytes = buffer;
            self.work.pending.clear();
            self.work.pending_entries.clear();
            if written == Written::Nothing
                && let Some(segment) = self.places.message.segment_at(instance.anchor)
            {
                self.out.issues.push(Issue {
                    segment: name_of(segment.name()),
                    occurrence: 1,
                    field: 0,
                    repetition: 1,
                    component: 0,
                    reason: IssueReason::MissingRequired,
                });
            }
            return;
        }
        let criteria = resource.mention.then(|| self.criteria(resource));
        self.out.entries.push(Entry {
            resource_type: resource.kind,
            id: instance.id,
            json: start..buffer.len(),
            criteria,
        });
        self.trace.closed(at);
        self.work.seen.insert(instance.id.uuid, 1);
        for entry in self.work.pending_entries.drain(..) {
            let new = self.work.seen.insert(entry.id.uuid, 1).is_none();
            self.trace.taken(new);
            if !new {
                continue;
            }
            let start = buffer.len();
            buffer.extend_from_slice(&self.work.pending[entry.json.clone()]);
            self.out.entries.push(Entry {
                json: start..buffer.len(),
                ..entry
            });
        }
        self.work.pending.clear();
        self.out.bytes = buffer;
    }

    /// Empty where the message states no authority: a bare number would find another's.
    fn criteria(&mut self, resource: &ResourcePlan) -> std::ops::Range<usize> {
        let start = self.out.criteria.len();
        let mut seed = std::mem::take(&mut self.work.seed);
        let mut scratch = std::mem::take(&mut self.work.scratch);
        if let Some(source) = resource.criteria
            && let Some(repetition) = self.identifier(source, &mut scratch)
        {
            seed.clear();
            if self.stated_authority(repetition, &mut seed, &mut scratch)
                && let Some(text) = self.part(repetition, 1, &mut scratch)
            {
                identity::criteria(&seed, text.as_bytes(), &mut self.out.criteria);
            }
        }
        self.work.seed = seed;
        self.work.scratch = scratch;
        start..self.out.criteria.len()
    }
}

pub(super) fn head(kind: &str, id: Id, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"resourceType":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","id":""#);
    out.extend_from_slice(id.text());
    out.push(b'"');
}
