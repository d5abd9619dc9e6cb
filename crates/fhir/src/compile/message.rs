//! Message maps: the groups of a structure, and where each resource stands in them.

use super::compiler::Compiler;
use crate::maps::model::{self, MessageMap, ResourceMap};
use crate::nearest;
use crate::plan::{Group, GroupPart, MAX_SEGMENT_NAMES, MessagePlan};

impl<'m> Compiler<'m> {
    pub(super) fn message(&mut self, map: &'m MessageMap) -> MessagePlan {
        self.segments.clear();
        self.segment("MSH");
        for event in &map.events {
            let other = self
                .maps
                .messages
                .iter()
                .find(|other| other.name != map.name && other.events.contains(event));
            if let Some(other) = other {
                self.error(
                    map.file,
                    map.line,
                    format!("the event `{event}` is already served by {}", other.name),
                );
            }
        }
        let mut groups = vec![Group::default()];
        self.group(&map.structure, 0, &mut groups);
        let resources = map
            .resources
            .iter()
            .filter_map(|resource| self.resource(map, resource, &groups))
            .collect();
        if self.segments.len() > MAX_SEGMENT_NAMES {
            self.error(
                map.file,
                map.line,
                format!("more than {MAX_SEGMENT_NAMES} segment names"),
            );
        }
        MessagePlan {
            place: (map.file, map.line),
            segments: std::mem::take(&mut self.segments),
            groups,
            resources,
        }
    }

    fn group(&mut self, structure: &[model::Part], at: usize, groups: &mut Vec<Group>) -> u128 {
        let mut all = 0;
        for part in structure {
            let (group, holds) = match &part.of {
                None => (None, 1_u128 << self.segment(&part.name)),
                Some(of) => {
                    groups.push(Group {
                        name: part.name.clone(),
                        parts: Vec::new(),
                    });
                    let group = groups.len() - 1;
                    (Some(group), self.group(of, group, groups))
                }
            };
            all |= holds;
            groups[at].parts.push(GroupPart {
                repeats: part.repeats,
                group,
                holds,
            });
        }
        all
    }

    /// The group and segment that `per` names.
    pub(super) fn anchor(
        &mut self,
        resource: &ResourceMap,
        groups: &[Group],
    ) -> Option<(usize, Option<u8>)> {
        let mut group = 0;
        for name in resource.per.split('.') {
            let inner = groups[group]
                .parts
                .iter()
                .filter_map(|part| part.group)
                .find(|n| groups[*n].name == name);
            if let Some(inner) = inner {
                group = inner;
            } else if name.len() == 3 && resource.per.ends_with(name) {
                return Some((group, Some(self.segment(name))));
            } else {
                let names = groups[group]
                    .parts
                    .iter()
                    .filter_map(|part| part.group)
                    .map(|n| groups[n].name.as_str());
                let hint = nearest::hint(name, names);
                self.error(
                    resource.file,
                    resource.line,
                    format!("`per`: there is no group `{name}` here{hint}"),
                );
                return None;
            }
        }
        Some((group, None))
    }
}
