//! Segments to group instances: tolerant of what a message leaves out, adds or repeats.

use crate::plan::{MAX_SEGMENT_NAMES, MessagePlan};

/// One occurrence of a group: the segments from `start` to before `end`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GroupInstance {
    pub(crate) group: usize,
    pub(crate) parent: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The groups of one message, in reused buffers.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    pub(crate) instances: Vec<GroupInstance>,
    /// Number of each segment's name in the plan; `u8::MAX`: the plan does not use it.
    pub(crate) names: Vec<u8>,
    /// Innermost group instance of each segment.
    pub(crate) of: Vec<usize>,
    present: u128,
    /// Where the places of each name begin in the two lists that follow, and the end.
    firsts: Vec<usize>,
    /// Places of segments, by name and place.
    named: Vec<usize>,
    /// Innermost group instance and place of segments, by name, instance and place.
    here: Vec<(usize, usize)>,
    /// Open group instances and the part that each has reached.
    open: Vec<(usize, usize)>,
}

impl Groups {
    /// Assigns each segment to a group. A segment that fits nowhere ahead stays with the innermost open group.
    pub(crate) fn read<'n>(&mut self, plan: &MessagePlan, names: impl Iterator<Item = &'n str>) {
        self.instances.clear();
        self.names.clear();
        self.of.clear();
        self.open.clear();
        self.present = 0;
        self.instances.push(GroupInstance {
            group: 0,
            parent: 0,
            start: 0,
            end: 0,
        });
        self.open.push((0, 0));
        let mut count = 0;
        for (ordinal, name) in names.enumerate() {
            count = ordinal + 1;
            let name: Option<[u8; 3]> = name.as_bytes().try_into().ok();
            let number = plan.segments.iter().position(|known| Some(*known) == name);
            let number = number.and_then(|n| u8::try_from(n).ok()).unwrap_or(u8::MAX);
            self.names.push(number);
            if number != u8::MAX {
                self.present |= 1 << number;
                self.place(plan, number, ordinal);
            }
            self.of
                .push(self.open.last().map_or(0, |(instance, _)| *instance));
        }
        for (instance, _) in &self.open {
            self.instances[*instance].end = count;
        }
        self.list();
    }

    fn place(&mut self, plan: &MessagePlan, name: u8, ordinal: usize) {
        let bit = 1_u128 << name;
        for level in (0..self.open.len()).rev() {
            let (instance, reached) = self.open[level];
            let parts = &plan.groups[self.instances[instance].group].parts;
            let started = self.instances[instance].start < ordinal || level > 0;
            let ahead = parts.iter().enumerate().skip(reached).find(|(at, part)| {
                part.holds & bit != 0 && (*at > reached || part.repeats || !started)
            });
            let Some((mut at, _)) = ahead else { continue };
            for (closed, _) in self.open.drain(level + 1..) {
                self.instances[closed].end = ordinal;
            }
            let mut parent = instance;
            self.open[level].1 = at;
            let mut parts = parts;
            while let Some(group) = parts[at].group {
                self.instances.push(GroupInstance {
                    group,
                    parent,
                    start: ordinal,
                    end: ordinal,
                });
                parent = self.instances.len() - 1;
                parts = &plan.groups[group].parts;
                at = parts
                    .iter()
                    .position(|part| part.holds & bit != 0)
                    .unwrap_or(0);
                self.open.push((parent, at));
                if parts.is_empty() {
                    break;
                }
            }
            return;
        }
    }

    /// Lists the places of each name: all in order, and by the group that they stand in.
    fn list(&mut self) {
        self.firsts.clear();
        self.firsts.resize(MAX_SEGMENT_NAMES + 1, 0);
        let known = |name: &u8| usize::from(*name) < MAX_SEGMENT_NAMES;
        for name in self.names.iter().filter(|name| known(name)) {
            self.firsts[usize::from(*name) + 1] += 1;
        }
        for name in 0..MAX_SEGMENT_NAMES {
            self.firsts[name + 1] += self.firsts[name];
        }
        let count = self.firsts[MAX_SEGMENT_NAMES];
        self.named.clear();
        self.named.resize(count, 0);
        self.here.clear();
        self.here.resize(count, (0, 0));
        for (ordinal, name) in self.names.iter().enumerate().filter(|(_, n)| known(n)) {
            // `firsts` moves to the end of each list here, and is put back below.
            let at = &mut self.firsts[usize::from(*name)];
            self.named[*at] = ordinal;
            self.here[*at] = (self.of[ordinal], ordinal);
            *at += 1;
        }
        self.firsts.rotate_right(1);
        self.firsts[0] = 0;
        for name in 0..MAX_SEGMENT_NAMES {
            let list = &mut self.here[self.firsts[name]..self.firsts[name + 1]];
            if list.len() > 1 {
                list.sort_unstable();
            }
        }
    }

    fn all(&self, name: u8) -> std::ops::Range<usize> {
        let name = usize::from(name);
        self.firsts[name]..self.firsts[name + 1]
    }

    /// Whether the message has a segment of that name.
    pub(crate) fn has(&self, name: u8) -> bool {
        self.present & (1 << name) != 0
    }

    /// Whether a group instance lies, below `around`, in `from` or in another occurrence of the same group: another order
    /// has another ORC.
    pub(crate) fn is_beside(&self, mut group: usize, from: Option<usize>, around: usize) -> bool {
        let Some(from) = from else { return false };
        while group != around && group != 0 {
            let instance = self.instances[group];
            if instance.parent == around {
                return instance.group == self.instances[from].group;
            }
            group = instance.parent;
        }
        false
    }

    /// The segment of that name which an instance of `group` sees: in the group itself, below it, else further out, but
    /// in no other occurrence of a group that it is in.
    pub(crate) fn find(&self, name: u8, mut group: usize) -> Option<usize> {
        if !self.has(name) {
            return None;
        }
        let named = &self.named[self.all(name)];
        if let [only] = named
            && (group == 0 || self.of[*only] == 0)
        {
            // What stands in the message itself is seen from everywhere.
            return Some(*only);
        }
        let mut from = None;
        loop {
            let instance = self.instances[group];
            if let Some(here) = self.next(name, group, None, instance.start) {
                return Some(here);
            }
            let below = named.get(named.partition_point(|n| *n < instance.start));
            let seen =
                |n: &&usize| **n < instance.end && !self.is_beside(self.of[**n], from, group);
            if let Some(below) = below.filter(seen) {
                return Some(*below);
            }
            if group == 0 {
                return None;
            }
            from = Some(group);
            group = instance.parent;
        }
    }

    /// The next segment of that name directly in a group, or in the groups `within` below it.
    pub(crate) fn next(
        &self,
        name: u8,
        group: usize,
        within: Option<usize>,
        from: usize,
    ) -> Option<usize> {
        if !self.has(name) {
            return None;
        }
        let Some(within) = within else {
            let here = &self.here[self.all(name)];
            let at = here.partition_point(|place| *place < (group, from));
            let place = here.get(at).filter(|(other, _)| *other == group);
            return place.map(|(_, ordinal)| *ordinal);
        };
        let instance = self.instances[group];
        let named = &self.named[self.all(name)];
        let first = named.partition_point(|n| *n < from.max(instance.start));
        let inside = named[first..].iter().take_while(|n| **n < instance.end);
        let mut inside = inside.filter(|n| self.instances[self.of[**n]].group == within);
        inside.next().copied()
    }

    /// Which one of its name a segment is in the message, from 1.
    pub(crate) fn occurrence(&self, ordinal: usize) -> Option<usize> {
        let name = *self.names.get(ordinal)?;
        if usize::from(name) >= MAX_SEGMENT_NAMES {
            return None;
        }
        let named = &self.named[self.all(name)];
        named.binary_search(&ordinal).ok().map(|n| n + 1)
    }
}
