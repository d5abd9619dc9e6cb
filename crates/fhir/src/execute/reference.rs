//! References: to resources of the message map, and to those that a row opens.

use uuid::Uuid;

use super::element::Written;
use super::instances::Instance;
use super::resource::{by_id, head};
use super::run::Run;
use crate::conversion::Entry;
use crate::identity;
use crate::options::References;
use crate::plan::Node;

impl<'r> Run<'r, '_> {
    pub(super) fn nested(
        &mut self,
        kind: &'static str,
        root: &'r Node,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let mut body = self.work.buffers.pop().unwrap_or_default();
        body.clear();
        let written = self.members(root, &mut body, true);
        if written == Written::Nothing {
            self.work.buffers.push(body);
            return Written::Nothing;
        }
        let mut seed = std::mem::take(&mut self.work.seed);
        seed.clear();
        seed.extend_from_slice(kind.as_bytes());
        seed.push(b'|');
        let criteria_start = self.out.criteria.len();
        let id = if let Some((system, value)) = identity::first_identifier(&body) {
            seed.extend_from_slice(system);
            seed.push(b'|');
            seed.extend_from_slice(value);
            if !system.is_empty() {
                identity::criteria(system, value, &mut self.out.criteria);
            }
            identity::id(&seed)
        } else {
            identity::content(&body, &mut seed);
            identity::id(&seed)
        };
        if self.out.criteria.len() == criteria_start {
            by_id(id, &mut self.out.criteria);
        }
        let start = self.work.pending.len();
        head(kind, id, &mut self.work.pending);
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

    /// A reference to a resource of the message map: the nearest, or the one that the loop over all has reached.
    pub(super) fn link(&mut self, resource: usize, all: bool, buffer: &mut Vec<u8>) -> Written {
        let target = if all {
            self.linked
        } else {
            self.nearest(resource)
        };
        let Some(target) = target else {
            return Written::Nothing;
        };
        let id = self.work.instances[target].id;
        self.reference(self.plan.resources[resource].kind, id, buffer);
        Written::Content
    }

    fn reference(&self, kind: &str, id: Uuid, buffer: &mut Vec<u8>) {
        buffer.push(b'"');
        match self.options.references {
            References::Relative => {
                buffer.extend_from_slice(kind.as_bytes());
                buffer.push(b'/');
            }
            References::Urn => buffer.extend_from_slice(b"urn:uuid:"),
        }
        buffer.extend_from_slice(
            id.hyphenated()
                .encode_lower(&mut Uuid::encode_buffer())
                .as_bytes(),
        );
        buffer.push(b'"');
    }

    /// The linked instance nearest to the current one: same segment, then same group, then the groups around it.
    fn nearest(&self, resource: usize) -> Option<usize> {
        let own = self.work.instances[self.instance];
        let range = self.work.firsts[resource]..self.work.firsts[resource + 1];
        let instances = &self.work.instances[range.clone()];
        let mut group = own.group;
        loop {
            let around = self.work.groups.instances[group];
            let first = instances.partition_point(|instance| instance.anchor < around.start);
            let usable = |n: usize, i: &Instance| range.start + n != self.instance && !i.dropped;
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
            if let Some((n, _)) = within.find(|(n, i)| usable(*n, i)) {
                return Some(range.start + n);
            }
            if group == 0 {
                return None;
            }
            group = around.parent;
        }
    }
}
