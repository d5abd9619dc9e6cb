//! Resources of a message map: their maps in one tree, their ids and links.

use super::compiler::{Compiler, Scope};
use crate::maps::model::{IdPart, Link, MessageMap, ResourceMap};
use crate::maps::path::{Item, Step};
use crate::nearest;
use crate::plan::{
    Candidate, Group, GroupPart, Identity, MAX_LOOPS, MAX_SLOTS, ResourcePlan, Source, Value,
};
use crate::tree::{Application, Placed, Row, Tree};

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
        self.slots.clear();
        self.slot("MSH", None, None);
        let mut tree = Tree::new(kind);
        for (number, application) in resource.from.iter().enumerate() {
            let Some(field_map) = self.maps.fields.get(&application.map) else {
                let hint = nearest::hint(&application.map, self.maps.fields.keys());
                self.error(
                    application.file,
                    application.line,
                    format!("there is no map `{}`{hint}", application.map),
                );
                continue;
            };
            if field_map.to != kind && !field_map.to.is_empty() {
                let message = format!(
                    "`{}` is a map to {}, not to {kind}",
                    application.map, field_map.to
                );
                self.error(application.file, application.line, message);
                continue;
            }
            let each = application.each.as_ref().map(|_| number);
            let within = match &application.each {
                None => None,
                Some(path) => match within(path, &field_map.of, group, groups) {
                    Ok(within) => within,
                    Err(message) => {
                        self.error(application.file, application.line, message);
                        continue;
                    }
                },
            };
            let slot = self.slot(&field_map.of, each, within);
            let base = Source::field(slot, 0);
            let id = self.application();
            let mut scope = Scope::new(&field_map.of, base, id);
            if let Some(condition) = &application.condition
                && let Some(condition) =
                    self.condition(application.file, application.line, condition, &scope)
            {
                scope.conditions.push(condition);
            }
            self.apply(field_map, &scope, &mut tree);
            self.links(map, &application.links, Some(&scope), &mut tree);
        }
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
        self.links(map, &resource.links, None, &mut tree);
        if self.slots.len() > MAX_SLOTS {
            self.error(
                resource.file,
                resource.line,
                format!("more than {MAX_SLOTS} segments in one resource"),
            );
        }
        let (root, frame, loops) = tree.finish(self.r4, &self.slots, &mut self.pool);
        if loops > MAX_LOOPS {
            self.error(
                resource.file,
                resource.line,
                format!("more than {MAX_LOOPS} loops in one resource"),
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
            root,
            frame,
        })
    }

    /// Adds links; those of a map stand beside its rows, and lead to what stands at the segment that a loop has reached.
    fn links(
        &mut self,
        map: &MessageMap,
        links: &[Link],
        scope: Option<&Scope<'_>>,
        tree: &mut Tree,
    ) {
        for link in links {
            let Some(target) = map
                .resources
                .iter()
                .position(|other| other.name == link.resource)
            else {
                let hint = nearest::hint(
                    &link.resource,
                    map.resources.iter().map(|r| r.name.as_str()),
                );
                self.error(
                    link.file,
                    link.line,
                    format!("there is no resource `{}` in this map{hint}", link.resource),
                );
                continue;
            };
            let application = scope.map_or_else(|| self.application(), |s| s.application);
            let mut path = Application::place(&link.to, application);
            let ends_in_reference =
                matches!(link.to.last(), Some(Step::Element { name, .. }) if name == "reference");
            if !ends_in_reference {
                path.push(Placed {
                    step: Step::Element {
                        name: "reference".to_owned(),
                        item: Item::Plain,
                    },
                    application,
                });
            }
            let all = link.to.iter().any(|step| matches!(step, Step::All { .. }));
            let value = Value::Link {
                resource: target,
                all,
            };
            let row = Row {
                candidate: Candidate {
                    conditions: scope.map_or_else(Vec::new, |scope| scope.conditions.clone()),
                    from: scope
                        .filter(|scope| self.slots[usize::from(scope.base.slot)].each.is_some())
                        .map(|scope| scope.base),
                    ..Candidate::new(value, (link.file, link.line))
                },
                over: None,
            };
            let links = all.then_some(target);
            if let Err(message) = tree.insert(self.r4, &path, links, |_| Ok(row)) {
                self.error(
                    link.file,
                    link.line,
                    format!("`{}`: {message}", link.to_text),
                );
            }
        }
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
