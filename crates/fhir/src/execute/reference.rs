//! References: to resources of the message map, and to those that a row opens.

use uuid::Uuid;

use super::element::Written;
use super::instances::Instance;
use super::resource::head;
use super::run::Run;
use super::trace::Trace;
use crate::conversion::Entry;
use crate::identity::{self, Id};
use crate::options::References;
use crate::plan::{Node, Source};

impl<T: Trace> Run<'_, '_, T> {
    #[inline(never)]
    pub(super) fn nested(
        &mut self,
        kind: &'static str,
        root: Node,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let mut body = self.work.buffers.pop().unwrap_or_default();
        body.clear();
        self.trace.opened(0);
        let written = self.root(root, &mut body);
        if written == Written::Nothing {
            self.trace.abandoned();
            self.work.buffers.push(body);
            return Written::Nothing;
        }
        if let Some(whole) = identity::whole(&body) {
            // Nothing is known of the part itself: the whole takes its place.
            self.trace.abandoned();
            buffer.extend_from_slice(whole);
            self.work.buffers.push(body);
            return Written::Content;
        }
        let mut seed = std::mem::take(&mut self.work.seed);
        seed.clear();
        seed.extend_from_slice(kind.as_bytes());
        seed.push(b'|');
        let criteria_start = self.out.criteria.len();
        let identifiers = identity::identifiers(&body);
        let id = if let Some((system, value)) = identity::of(identifiers) {
            seed.extend_from_slice(system);
            seed.push(b'|');
            seed.extend_from_slice(value);
            identity::criteria(system, value, &mut self.out.criteria);
            identity::id(&seed)
        } else {
            self.said(kind, &body, !identifiers.is_empty(), &mut seed)
        };
        let id = Id::from(id);
        let start = self.work.pending.len();
        head(kind, id, &mut self.work.pending);
        self.trace.parked(self.work.pending.len() - start);
        self.work.pending.extend_from_slice(&body);
        self.work.pending.push(b'}');
        let json = start..self.work.pending.len();
        let criteria = Some(criteria_start..self.out.criteria.len());
        self.work.pending_entries.push(Entry {
            resource_type: kind,
            id,
            json,
            criteria,
        });
        self.work.seed = seed;
        self.work.buffers.push(body);
        self.reference(kind, id, buffer);
        Written::Content
    }

    /// The id of a resource without a system: from all that is said of it, so that what is said otherwise the next time is
    /// not taken for it. What has a number, and places, organizations, devices and roles, are known so to their sender.
    /// A person without a number is known so to the resource that names them: two of one name are two.
    fn said(&mut self, kind: &str, body: &[u8], is_numbered: bool, seed: &mut Vec<u8>) -> Uuid {
        let shared = matches!(
            kind,
            "Location" | "Organization" | "Device" | "PractitionerRole"
        ) || is_numbered;
        if shared {
            seed.extend_from_slice(&self.work.facility);
        } else {
            seed.extend_from_slice(self.work.instances[self.instance].id.uuid.as_bytes());
        }
        seed.push(b'|');
        identity::said(body, seed);
        let id = identity::id(seed);
        if shared {
            return id;
        }
        let alike = self.work.alike.entry(id).or_insert(0);
        let before = *alike;
        *alike += 1;
        if before == 0 {
            return id;
        }
        identity::another(seed, before)
    }

    /// A reference to a resource of the message map: the one that stands at `from`, the one that the loop over all has
    /// reached, or the nearest. Nothing refers to itself.
    #[inline(never)]
    pub(super) fn link(
        &mut self,
        link: usize,
        from: Option<Source>,
        all: bool,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let resource = self.links[link].resource;
        let target = match from {
            _ if all => self.linked,
            Some(from) => self.standing(resource, from),
            None => self.nearest(resource),
        };
        let Some(target) = target else {
            return Written::Nothing;
        };
        let id = self.work.instances[target].id;
        if id.uuid == self.work.instances[self.instance].id.uuid {
            return Written::Nothing;
        }
        self.work.instances[target].linked = true;
        self.reference(self.plan.resources[resource].kind, id, buffer);
        Written::Linked
    }

    fn reference(&self, kind: &str, id: Id, buffer: &mut Vec<u8>) {
        buffer.push(b'"');
        match self.options.references {
            References::Relative => {
                buffer.extend_from_slice(kind.as_bytes());
                buffer.push(b'/');
            }
            References::Urn => buffer.extend_from_slice(b"urn:uuid:"),
        }
        buffer.extend_from_slice(id.text());
        buffer.push(b'"');
    }

    /// The instance of a resource that stands at the segment of a source, or in the group of that segment.
    fn standing(&self, resource: usize, from: Source) -> Option<usize> {
        let segment = self.places.segment(from.slot)?;
        let group = self.work.groups.of[segment];
        let (first, end) = (self.work.firsts[resource], self.work.firsts[resource + 1]);
        let instances = &self.work.instances[first..end];
        // Instances stand in the order of the message.
        let at = |anchor: usize| {
            let from = instances.partition_point(|i| i.anchor < anchor);
            let there = (from..).zip(&instances[from..]);
            there.take_while(move |(_, i)| i.anchor == anchor)
        };
        let whole = self.plan.resources[resource].segment.is_none();
        let start = self.work.groups.instances[group].start;
        let grouped = at(start).filter(|(_, i)| whole && i.group == group);
        let mut standing = grouped.chain(at(segment)).filter(|(_, i)| !i.dropped);
        standing.next().map(|(n, _)| first + n)
    }

    /// The linked instance nearest to the current one: same segment, then same group, then the groups around it, but no
    /// other occurrence of a group that it is in.
    fn nearest(&self, resource: usize) -> Option<usize> {
        let own = self.work.instances[self.instance];
        let range = self.work.firsts[resource]..self.work.firsts[resource + 1];
        let instances = &self.work.instances[range.clone()];
        let (mut group, mut from) = (own.group, None);
        loop {
            let around = self.work.groups.instances[group];
            let first = instances.partition_point(|instance| instance.anchor < around.start);
            let usable = |n: usize, i: &Instance| range.start + n != self.instance && !i.dropped;
            let beside = |i: &Instance| self.work.groups.is_beside(i.group, from, group);
            let mut within = instances
                .iter()
                .enumerate()
                .skip(first)
                .take_while(|(_, i)| i.anchor < around.end);
            let same = instances
                .binary_search_by(|i| i.anchor.cmp(&own.anchor))
                .ok()
                .filter(|n| usable(*n, &instances[*n]));
            if let Some(same) = same {
                return Some(range.start + same);
            }
            let found = within.find(|(n, i)| usable(*n, i));
            if let Some((n, _)) = found.filter(|(_, i)| !beside(i)) {
                return Some(range.start + n);
            }
            if group == 0 {
                return None;
            }
            from = Some(group);
            group = around.parent;
        }
    }
}
