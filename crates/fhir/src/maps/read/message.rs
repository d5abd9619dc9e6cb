//! Reading message maps: structure and resources.

use std::collections::HashMap;

use super::reader::{Entries, Reader};
use crate::maps::model::{Application, IdPart, Link, MessageMap, Part, ResourceMap, Shared};
use crate::maps::path;
use crate::maps::yaml::{Kind, Node};
use crate::nearest;

/// Whether an entry stands for what a part holds.
fn names_part(node: &Node) -> bool {
    matches!(&node.kind, Kind::Map(pairs)
        if pairs.iter().any(|(key, _)| key.scalar() == Some("part")))
}

impl Reader<'_> {
    pub(super) fn message(
        &mut self,
        node: &Node,
        file: usize,
        shared: &HashMap<String, Shared>,
    ) -> MessageMap {
        let entries = self.entries(
            node,
            &[
                "map",
                "events",
                "structure",
                "resources",
                "tables",
                "note",
                "skip",
            ],
        );
        let name = self.required(&entries, "map");
        let events = self
            .list(&entries, "events")
            .iter()
            .filter_map(|event| event.scalar().map(str::to_owned))
            .collect();
        let structure = self.structure(Self::file_list(&entries, "structure"));
        let mut resources = Vec::new();
        for node in self.list(&entries, "resources") {
            if names_part(node) {
                resources.extend(self.shared_resources(node, shared));
            } else {
                resources.push(self.resource(node));
            }
        }
        let mut skips = Vec::new();
        for node in self.list(&entries, "skip") {
            if names_part(node) {
                let entries = self.entries(node, &["part", "note"]);
                let part = self.part(&entries, shared);
                skips.extend(part.into_iter().flat_map(|part| part.skips.iter().cloned()));
            } else {
                skips.extend(self.skip(node));
            }
        }
        MessageMap {
            tables: self.tables(&entries, &name),
            skips,
            file,
            line: node.line,
            name,
            events,
            structure,
            resources,
        }
    }

    /// The resources of a part, within a group, and mentioned where the message says so.
    fn shared_resources(
        &mut self,
        node: &Node,
        shared: &HashMap<String, Shared>,
    ) -> Vec<ResourceMap> {
        let entries = self.entries(node, &["part", "in", "request", "note"]);
        let group = self.text(&entries, "in");
        let mention = self.is_mention(&entries);
        let part = self.part(&entries, shared);
        let mut resources = part.map_or_else(Vec::new, |part| part.resources.clone());
        for resource in &mut resources {
            if let Some(group) = &group {
                resource.per = format!("{group}.{}", resource.per);
            }
            resource.mention |= mention;
        }
        resources
    }

    fn part<'s>(
        &mut self,
        entries: &Entries<'_>,
        shared: &'s HashMap<String, Shared>,
    ) -> Option<&'s Shared> {
        let name = self.required(entries, "part");
        let part = shared.get(&name);
        if part.is_none() && !name.is_empty() {
            let hint = nearest::hint(&name, shared.keys());
            self.error(entries.line, format!("there is no part `{name}`{hint}"));
        }
        part
    }

    /// Whether `request` says that a resource is only mentioned.
    fn is_mention(&mut self, entries: &Entries<'_>) -> bool {
        match self.text(entries, "request").as_deref() {
            None | Some("authority") => false,
            Some("mention") => true,
            Some(other) => {
                self.error(
                    entries.line,
                    format!("`request: {other}` is neither `authority` nor `mention`"),
                );
                false
            }
        }
    }

    pub(super) fn file_list<'n>(entries: &Entries<'n>, key: &str) -> &'n [Node] {
        match entries.get(key) {
            Some(Node {
                kind: Kind::List(items),
                ..
            }) => items,
            _ => &[],
        }
    }

    pub(super) fn structure(&mut self, nodes: &[Node]) -> Vec<Part> {
        let mut parts = Vec::new();
        for node in nodes {
            let (name, of) = if let Some(name) = node.scalar() {
                (name.to_owned(), None)
            } else {
                let entries = self.entries(node, &["group", "of", "note"]);
                let name = self.required(&entries, "group");
                (name, Some(self.structure(Self::file_list(&entries, "of"))))
            };
            let repeats = name.ends_with('*');
            parts.push(Part {
                name: name.trim_end_matches('*').to_owned(),
                repeats,
                of,
            });
        }
        parts
    }

    pub(super) fn resource(&mut self, node: &Node) -> ResourceMap {
        let keys = [
            "name", "type", "per", "from", "if", "request", "bare", "id", "criteria", "links",
            "note",
        ];
        let entries = self.entries(node, &keys);
        let name = self.required(&entries, "name");
        let kind = self.text(&entries, "type").unwrap_or_else(|| name.clone());
        let per = self.required(&entries, "per");
        let condition = self.condition(&entries);
        let from = self
            .list(&entries, "from")
            .iter()
            .map(|node| self.application(node))
            .collect();
        let mention = self.is_mention(&entries);
        let id = self
            .list(&entries, "id")
            .iter()
            .map(|node| self.id_parts(node))
            .collect();
        let criteria =
            self.text(&entries, "criteria")
                .and_then(|text| match self.id_part(node.line, &text) {
                    Some(
                        IdPart::Source(source)
                        | IdPart::Identifier(source)
                        | IdPart::Entity(source),
                    ) => Some(source),
                    None => None,
                });
        let bare = self.flag(&entries, "bare");
        let links = self.links(&entries);
        ResourceMap {
            file: self.number,
            line: node.line,
            name,
            kind,
            per,
            from,
            condition,
            mention,
            bare,
            id,
            criteria,
            links,
        }
    }

    pub(super) fn application(&mut self, node: &Node) -> Application {
        if let Some(map) = node.scalar() {
            return Application {
                file: self.number,
                line: node.line,
                map: map.to_owned(),
                each: None,
                condition: None,
                links: Vec::new(),
            };
        }
        let entries = self.entries(node, &["map", "each", "if", "links", "note"]);
        Application {
            file: self.number,
            line: node.line,
            map: self.required(&entries, "map"),
            each: self.text(&entries, "each"),
            condition: self.condition(&entries),
            links: self.links(&entries),
        }
    }

    fn links(&mut self, entries: &Entries<'_>) -> Vec<Link> {
        let file = self.number;
        let mut links = Vec::new();
        match entries.get("links") {
            Some(Node {
                kind: Kind::Map(pairs),
                ..
            }) => {
                for (key, value) in pairs {
                    let to_text = key.scalar().unwrap_or_default().to_owned();
                    let names: Vec<&Node> = match &value.kind {
                        Kind::List(items) => items.iter().collect(),
                        _ => vec![value],
                    };
                    match path::target(&to_text) {
                        Err(message) => self.error(key.line, message),
                        Ok(to) => links.extend(names.iter().map(|name| Link {
                            file,
                            line: key.line,
                            to: to.clone(),
                            to_text: to_text.clone(),
                            resource: name.scalar().unwrap_or_default().to_owned(),
                        })),
                    }
                }
            }
            Some(other) => self.error(
                other.line,
                "`links` must be a map of target paths to resource names",
            ),
            None => {}
        }
        links
    }

    fn id_parts(&mut self, node: &Node) -> Vec<IdPart> {
        let nodes = match &node.kind {
            Kind::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        nodes
            .iter()
            .filter_map(|node| self.id_part(node.line, node.scalar().unwrap_or_default()))
            .collect()
    }

    fn id_part(&mut self, line: u32, text: &str) -> Option<IdPart> {
        match text.split_once(' ') {
            Some(("entity", path)) => self.source(line, path).map(IdPart::Entity),
            Some((_, path)) => self.source(line, path).map(IdPart::Identifier),
            None => self.source(line, text).map(IdPart::Source),
        }
    }
}
