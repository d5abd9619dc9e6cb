//! Resources of a message map: where they stand, what they are made from, their ids and links.

use super::body::Applied;
use super::compiler::{Compiler, Scope};
use crate::maps::model::{IdPart, MessageMap, ResourceMap};
use crate::nearest;
use crate::plan::{Group, GroupPart, Identity, LinkTarget, MAX_SLOTS, ResourcePlan, Source};

impl<'m> Compiler<'m> {
    pub(super) fn resource(
        &mut self,
        map: &'m MessageMap,
        resource: &'m ResourceMap,
        groups: &[Group],
    ) -> Option<ResourcePlan> {
        let Some(kind) = self.r4.resource(&resource.kind) else {
            let hint = nearest::hint(&resource.kind, self.r4.resource_names());
            self.error(
                resource.file,
                resource.line,
                format!("`{}` is no resource of R4{hint}", resource.kind),
            );
            return None;
        };
        if map
            .resources
            .iter()
            .filter(|other| other.name == resource.name)
            .count()
            > 1
        {
            self.error(
                resource.file,
                resource.line,
                format!("the name `{}` is given twice", resource.name),
            );
        }
        let (group, segment) = self.anchor(resource, groups)?;
        let applied = self.applied(resource, kind, group, groups);
        let links = self.targets(map, resource);
        self.slots.clear();
        self.slot("MSH", None, None);
        let body = self.body(kind, resource, &applied);
        if resource.bare
            && let Some(element) = self.r4.required(kind).next()
        {
            let message = format!("`bare`: R4 requires {kind}.{}", element.name);
            self.error(resource.file, resource.line, message);
        }
        let base = Source::field(0, 0);
        let scope = Scope::new("MSH", base, 0);
        let condition = resource
            .condition
            .as_ref()
            .and_then(|c| self.condition(resource.file, resource.line, c, &scope));
        let mut id = Vec::new();
        for parts in &resource.id {
            let mut alternative = Vec::new();
            for part in parts {
                let (IdPart::Source(path) | IdPart::Identifier(path) | IdPart::Entity(path)) = part;
                if let Ok(source) = self.source(path, &scope) {
                    alternative.push(match part {
                        IdPart::Source(_) => Identity::Source(source),
                        IdPart::Identifier(_) => Identity::Identifier(source),
                        IdPart::Entity(_) => Identity::Entity(source),
                    });
                } else {
                    self.error(
                        resource.file,
                        resource.line,
                        format!("`id`: no such place `{}`", path.root),
                    );
                }
            }
            id.push(alternative);
        }
        let criteria = resource
            .criteria
            .as_ref()
            .and_then(|path| self.source(path, &scope).ok());
        if self.slots.len() > MAX_SLOTS {
            self.error(
                resource.file,
                resource.line,
                format!("more than {MAX_SLOTS} segments in one resource"),
            );
        }
        Some(ResourcePlan {
            place: (map.file, resource.line),
            name: resource.name.clone(),
            kind,
            group,
            segment,
            slots: std::mem::take(&mut self.slots),
            condition,
            mention: resource.mention,
            bare: resource.bare,
            id,
            criteria,
            links,
            root: body.root,
            frame: body.frame,
        })
    }

    /// The maps that a resource is made from, with what is wrong with them reported.
    fn applied(
        &mut self,
        resource: &'m ResourceMap,
        kind: &str,
        group: usize,
        groups: &[Group],
    ) -> Vec<Applied<'m>> {
        let mut applied = Vec::new();
        for (number, application) in resource.from.iter().enumerate() {
            let Some(map) = self.maps.fields.get(&application.map) else {
                let hint = nearest::hint(&application.map, self.maps.fields.keys());
                self.error(
                    application.file,
                    application.line,
                    format!("there is no map `{}`{hint}", application.map),
                );
                continue;
            };
            if map.to != kind && !map.to.is_empty() {
                let message = format!(
                    "`{}` is a map to {}, not to {kind}",
                    application.map, map.to
                );
                self.error(application.file, application.line, message);
                continue;
            }
            let each = application.each.as_ref();
            match each.map_or(Ok(None), |path| within(path, &map.of, group, groups)) {
                Ok(within) => applied.push(Applied {
                    map,
                    application,
                    each: each.map(|_| number),
                    within,
                }),
                Err(message) => self.error(application.file, application.line, message),
            }
        }
        applied
    }

    /// The resources that links lead to, in the order in which [`Compiler::body`] numbers them.
    fn targets(&mut self, map: &MessageMap, resource: &ResourceMap) -> Vec<LinkTarget> {
        let of_maps = resource
            .from
            .iter()
            .flat_map(|application| &application.links);
        let mut targets = Vec::new();
        for link in of_maps.chain(&resource.links) {
            let mut resources = map.resources.iter();
            let resource = resources.position(|other| other.name == link.resource);
            if resource.is_none() {
                let names = map.resources.iter().map(|r| r.name.as_str());
                let hint = nearest::hint(&link.resource, names);
                self.error(
                    link.file,
                    link.line,
                    format!("there is no resource `{}` in this map{hint}", link.resource),
                );
            }
            targets.push(LinkTarget {
                resource: resource.unwrap_or(0),
                place: (link.file, link.line),
            });
        }
        targets
    }
}

/// The group below `group` that `each` leads to, such as `VISIT.NK1`; `None`: the segment stands in `group` itself.
fn within(
    each: &str,
    segment: &str,
    mut group: usize,
    groups: &[Group],
) -> Result<Option<usize>, String> {
    let (path, name) = each
        .rsplit_once('.')
        .map_or((None, each), |(path, name)| (Some(path), name));
    if name != segment {
        return Err(format!(
            "`each: {each}` does not end in the map's segment {segment}"
        ));
    }
    let Some(path) = path else { return Ok(None) };
    for step in path.split('.') {
        let inner = |part: &GroupPart| part.group.filter(|n| groups[*n].name == step);
        group = groups[group].parts.iter().find_map(inner).ok_or_else(|| {
            let names = groups[group].parts.iter().filter_map(|part| part.group);
            let hint = nearest::hint(step, names.map(|n| groups[n].name.as_str()));
            format!("`each`: there is no group `{step}` here{hint}")
        })?;
    }
    Ok(Some(group))
}
