//! Writing the items of lists: for each segment, repetition or linked resource.

use super::element::Written;
use super::run::Run;
use super::trace::Trace;
use crate::plan::Item;

impl<'r, T: Trace> Run<'r, '_, T> {
    /// Writes an item, or all those of its loops.
    #[inline]
    pub(super) fn looped(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        if !item.loops {
            return self.item(item, buffer);
        }
        match item.slot {
            None => self.repetitions_of(item, buffer),
            Some(number) => self.segments_of(item, number, buffer),
        }
    }

    #[inline(never)]
    fn segments_of(&mut self, item: &'r Item, number: u8, buffer: &mut Vec<u8>) -> Written {
        let slot = usize::from(number);
        let before = self.places.segment(number);
        let mut result = Written::Nothing;
        self.looping |= 1 << slot;
        let mut current = before;
        while let Some(ordinal) = current {
            self.places.point(slot, current);
            result = result.max(self.repetitions_of(item, buffer));
            current = self.following(slot, ordinal);
        }
        self.looping &= !(1 << slot);
        self.places.point(slot, before);
        result
    }

    /// The segment that the loop of a slot comes to next.
    pub(super) fn following(&self, slot: usize, ordinal: usize) -> Option<usize> {
        let group = self.work.instances[self.instance].group;
        let name = self.work.groups.names[ordinal];
        let within = self.slots[slot].within;
        self.work.groups.next(name, group, within, ordinal + 1)
    }

    #[inline(never)]
    fn repetitions_of(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        if let Some(link) = item.links {
            return self.links_of(item, self.links[link].resource, buffer);
        }
        let Some(frame) = item.repetitions else {
            return self.item(item, buffer);
        };
        let Some(field) = self.places.field(frame.slot, frame.field) else {
            return Written::Nothing;
        };
        let mut result = Written::Nothing;
        for before in 0..field.repetitions {
            self.places.reach(frame.repetition, field, before);
            result = result.max(self.item(item, buffer));
        }
        self.places.leave(frame.repetition);
        result
    }

    fn links_of(&mut self, item: &'r Item, resource: usize, buffer: &mut Vec<u8>) -> Written {
        let group = self.work.groups.instances[self.work.instances[self.instance].group];
        let mut result = Written::Nothing;
        let (first, end) = (self.work.firsts[resource], self.work.firsts[resource + 1]);
        // Instances stand in the order of the message.
        let inside = self.work.instances[first..end].partition_point(|i| i.anchor < group.start);
        for at in first + inside..end {
            let linked = self.work.instances[at];
            if linked.anchor >= group.end {
                break;
            }
            if at == self.instance || linked.dropped {
                continue;
            }
            self.linked = Some(at);
            result = result.max(self.item(item, buffer));
        }
        self.linked = None;
        result
    }

    #[inline]
    fn item(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        if self.opens(&item.gate) {
            self.opened(item, buffer)
        } else {
            Written::Nothing
        }
    }

    #[inline(never)]
    fn opened(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        let start = buffer.len();
        buffer.push(b',');
        let written = self.behind(&item.gate, item.node, buffer);
        if written == Written::Nothing {
            buffer.truncate(start);
        }
        written
    }
}
