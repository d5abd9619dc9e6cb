//! Writing the items of lists: for each segment, repetition or linked resource.

use super::element::Written;
use super::run::Run;
use crate::plan::Item;

impl<'r> Run<'r, '_> {
    pub(super) fn segments_of(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        let Some(slot) = item.slot else {
            return self.repetitions_of(item, buffer);
        };
        let slot = usize::from(slot);
        let before = self.places.slots[slot];
        let mut result = Written::Nothing;
        let group = self.work.instances[self.instance].group;
        let mut current = before;
        while let Some(segment) = current {
            self.places.slots[slot] = current;
            let written = self.repetitions_of(item, buffer);
            if written > result {
                result = written;
            }
            let name = self.work.groups.names[segment.ordinal()];
            let after = segment.ordinal() + 1;
            let next = self.work.groups.next(name, group, item.within, after);
            current = next.and_then(|ordinal| self.places.message.segment_at(ordinal));
        }
        self.places.slots[slot] = before;
        result
    }

    fn repetitions_of(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        if let Some(resource) = item.links {
            return self.links_of(item, resource, buffer);
        }
        let Some((slot, field, number)) = item.repetitions else {
            return self.item(item, buffer);
        };
        let Some(segment) = self.places.slots[usize::from(slot)] else {
            return Written::Nothing;
        };
        let count = segment.field(usize::from(field)).repetition_count();
        let mut result = Written::Nothing;
        for repetition in 1..=count {
            self.places.repetitions[usize::from(number)] =
                u16::try_from(repetition).unwrap_or(u16::MAX);
            let written = self.item(item, buffer);
            if written > result {
                result = written;
            }
        }
        self.places.repetitions[usize::from(number)] = 1;
        result
    }

    fn links_of(&mut self, item: &'r Item, resource: usize, buffer: &mut Vec<u8>) -> Written {
        let group = self.work.groups.instances[self.work.instances[self.instance].group];
        let mut result = Written::Nothing;
        for at in self.work.firsts[resource]..self.work.firsts[resource + 1] {
            let anchor = self.work.instances[at].anchor;
            if anchor < group.start
                || anchor >= group.end
                || at == self.instance
                || self.work.instances[at].dropped
            {
                continue;
            }
            self.linked = Some(at);
            if self.item(item, buffer) == Written::Content {
                result = Written::Content;
            }
        }
        self.linked = None;
        result
    }

    fn item(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        let start = buffer.len();
        let written = self.node(&item.node, buffer);
        if written == Written::Nothing {
            buffer.truncate(start);
        } else {
            buffer.push(b',');
        }
        written
    }
}
