//! Segments to group instances: tolerant of what a message leaves out, adds or repeats.

use crate::plan::MessagePlan;

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
    pub(crate) present: u128,
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
            let number = plan
                .segments
                .iter()
                .position(|known| known[..] == *name.as_bytes());
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

    /// The segment of that name which an instance of `group` sees: in the group itself, below it, else further out.
    pub(crate) fn find(&self, name: u8, mut group: usize) -> Option<usize> {
        if self.present & (1 << name) == 0 {
            return None;
        }
        loop {
            let instance = self.instances[group];
            let range = instance.start..instance.end;
            let mut below = None;
            for ordinal in range {
                if self.names[ordinal] == name {
                    if self.of[ordinal] == group {
                        return Some(ordinal);
                    }
                    below = below.or(Some(ordinal));
                }
            }
            if below.is_some() {
                return below;
            }
            if group == 0 {
                return None;
            }
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
        let instance = self.instances[group];
        (from.max(instance.start)..instance.end).find(|n| {
            let of = self.of[*n];
            self.names[*n] == name
                && within.map_or(of == group, |within| self.instances[of].group == within)
        })
    }
}
