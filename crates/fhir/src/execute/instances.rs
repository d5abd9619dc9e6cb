//! Where the resources of a plan stand in the message.

use super::run::Run;
use super::trace::Trace;
use crate::identity::Id;
use crate::plan::ResourcePlan;

/// One resource to come: where it stands and its id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    pub(super) group: usize,
    pub(super) anchor: usize,
    pub(super) id: Id,
    /// Left out, because it says nothing or lacks what R4 requires: nothing may refer to it.
    pub(super) dropped: bool,
    /// Something refers to it.
    pub(super) linked: bool,
}

impl<'r, T: Trace> Run<'r, '_, T> {
    /// Finds where a resource stands in the message, and computes ids, so that links are known before anything is written.
    pub(super) fn instances(&mut self, resource: &'r ResourcePlan) {
        if let Some(name) = resource.segment
            && !self.work.groups.has(name)
        {
            return;
        }
        let mut ordinal = 0;
        for group in 0..self.work.groups.instances.len() {
            let found = self.work.groups.instances[group];
            if found.group != resource.group {
                continue;
            }
            let mut from = found.start;
            loop {
                let anchor = match resource.segment {
                    None => found.start,
                    Some(name) => match self.work.groups.next(name, group, None, from) {
                        None => break,
                        Some(anchor) => anchor,
                    },
                };
                self.stand(resource, group, anchor);
                ordinal += 1;
                let mut scratch = std::mem::take(&mut self.work.scratch);
                let wanted = resource
                    .condition
                    .as_ref()
                    .is_none_or(|c| self.places.holds(c, &mut scratch));
                self.work.scratch = scratch;
                if wanted {
                    let id = self.id(resource, ordinal);
                    self.trace
                        .stood(resource, id, anchor, &self.places, &self.work.groups);
                    self.work.instances.push(Instance {
                        group,
                        anchor,
                        id: id.into(),
                        dropped: false,
                        linked: false,
                    });
                }
                from = anchor + 1;
                if resource.segment.is_none() {
                    break;
                }
            }
        }
    }

    /// Points the slots at the segments that a resource sees from its place.
    pub(super) fn stand(&mut self, resource: &ResourcePlan, group: usize, anchor: usize) {
        for (n, slot) in resource.slots.iter().enumerate() {
            let ordinal = if slot.each.is_some() {
                self.work.groups.next(slot.segment, group, slot.within, 0)
            } else if Some(slot.segment) == resource.segment {
                Some(anchor)
            } else {
                self.work.groups.find(slot.segment, group)
            };
            self.places.point(n, ordinal);
        }
    }
}
