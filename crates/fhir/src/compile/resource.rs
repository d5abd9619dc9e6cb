//! Resources of a message map: their maps in one tree, their ids and links.

use super::compiler::{Compiler, Scope};
use crate::maps::model::{IdPart, MessageMap, ResourceMap};
use crate::maps::path::Step;
use crate::nearest;
use crate::plan::{Candidate, Group, Identity, MAX_LOOPS, MAX_SLOTS, ResourcePlan, Source, Value};
use crate::tree::{Application, Placed, Tree};

impl<'m> Compiler<'m> {
    pub(super) fn resource(
        &mut self,
        map: &'m MessageMap,
        resource: &'m ResourceMap,
        groups: &[Group],
    ) -> Option<ResourcePlan> {
        let Some(kind) = self
            .r4
            .type_names()
            .find(|name| *name == resource.kind && self.r4.is_resource(name))
        else {
            let hint = nearest::hint(
                &resource.kind,
                self.r4
                    .type_names()
                    .filter(|name| self.r4.is_resource(name)),
            );
            self.error(
                map.file,
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
                map.file,
                resource.line,
                format!("the name `{}` is given twice", resource.name),
            );
        }
        let (group, segment) = self.anchor(map, resource, groups)?;
        self.slots.clear();
        self.slot("MSH", None);
        let mut tree = Tree::new(kind);
        for (number, application) in resource.from.iter().enumerate() {
            let Some(field_map) = self.maps.fields.get(&application.map) else {
                let hint = nearest::hint(&application.map, self.maps.fields.keys());
                self.error(
                    map.file,
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
                self.error(map.file, application.line, message);
                continue;
            }
            let each = application.each.as_ref().map(|_| number);
            let slot = self.slot(&field_map.of, each);
            let base = Source::field(slot, 0);
            let id = self.application();
            let mut scope = Scope::new(&field_map.of, base, id);
            if let Some(condition) = &application.condition
                && let Some(condition) =
                    self.condition(map.file, application.line, condition, &scope)
            {
                scope.conditions.push(condition);
            }
            self.apply(field_map, &scope, &mut tree);
        }
        let base = Source::field(0, 0);
        let scope = Scope::new("MSH", base, 0);
        let condition = resource
            .condition
            .as_ref()
            .and_then(|c| self.condition(map.file, resource.line, c, &scope));
        let mut id = Vec::new();
        for parts in &resource.id {
            let mut alternative = Vec::new();
            for part in parts {
                let (IdPart::Source(path) | IdPart::Identifier(path)) = part;
                if let Ok(source) = self.source(path, &scope) {
                    alternative.push(match part {
                        IdPart::Source(_) => Identity::Source(source),
                        IdPart::Identifier(_) => Identity::Identifier(source),
                    });
                } else {
                    self.error(
                        map.file,
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
        self.links(map, resource, &mut tree);
        if self.slots.len() > MAX_SLOTS {
            self.error(
                map.file,
                resource.line,
                format!("more than {MAX_SLOTS} segments in one resource"),
            );
        }
        let (root, loops) = tree.finish(self.r4, &self.slots);
        if loops > MAX_LOOPS {
            self.error(
                map.file,
                resource.line,
                format!("more than {MAX_LOOPS} loops in one resource"),
            );
        }
        Some(ResourcePlan {
            name: resource.name.clone(),
            kind,
            group,
            segment,
            slots: std::mem::take(&mut self.slots),
            condition,
            mention: resource.mention,
            id,
            criteria,
            root,
        })
    }

    fn links(&mut self, map: &MessageMap, resource: &ResourceMap, tree: &mut Tree) {
        for link in &resource.links {
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
                    map.file,
                    link.line,
                    format!("there is no resource `{}` in this map{hint}", link.resource),
                );
                continue;
            };
            let application = self.application();
            let mut path = Application::place(&link.to, application);
            let ends_in_reference =
                matches!(link.to.last(), Some(Step::Element { name, .. }) if name == "reference");
            if !ends_in_reference {
                path.push(Placed {
                    step: Step::Element {
                        name: "reference".to_owned(),
                        item: 0,
                    },
                    application,
                });
            }
            let all = link.to.iter().any(|step| matches!(step, Step::All { .. }));
            let candidate = Candidate {
                conditions: Vec::new(),
                from: None,
                value: Value::Link {
                    resource: target,
                    all,
                },
                default: None,
                allowed: None,
                place: (map.file, link.line),
            };
            let links = all.then_some(target);
            if let Err(message) = tree.insert(self.r4, &path, links, |_| Ok(candidate)) {
                self.error(
                    map.file,
                    link.line,
                    format!("`{}`: {message}", link.to_text),
                );
            }
        }
    }
}
