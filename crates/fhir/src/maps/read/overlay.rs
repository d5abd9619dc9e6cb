//! Reading a site's overlay. Its files may lie and be named as a site likes: their keys say what they are.

use super::reader::{Entries, Reader};
use crate::error::MapError;
use crate::mapper::MapSource;
use crate::maps::overlay::{
    Applied, FieldChange, Head, MessageChange, Overlay, Removal, TableChange,
};
use crate::maps::path;
use crate::maps::yaml::{self, Kind, Node};
use crate::nearest;

/// Keys by which a file is known, and what it then may hold.
const FIELD_KEYS: [&str; 8] = [
    "map", "of", "to", "rows", "remove", "apply", "replace", "note",
];
const TABLE_KEYS: [&str; 7] = ["map", "of", "system", "default", "codes", "replace", "note"];
const MESSAGE_KEYS: [&str; 6] = ["map", "events", "structure", "resources", "replace", "note"];
const SITE_KEYS: [&str; 4] = ["timeZone", "identifierSystems", "filters", "note"];

/// Reads the files of an overlay; `files` are those of all maps, mistakes go to `errors`.
pub(crate) fn read(
    sources: &[MapSource<'_>],
    files: &mut Vec<String>,
    errors: &mut Vec<MapError>,
) -> Overlay {
    let mut overlay = Overlay::default();
    for source in sources {
        let number = files.len();
        files.push(source.path.to_owned());
        let mut reader = Reader {
            file: source.path,
            number,
            overlay: true,
            errors,
        };
        // A file of comments alone is one that a site has not begun to fill in.
        let comment = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if source.text.lines().all(comment) {
            continue;
        }
        match yaml::read(source.text) {
            Err((line, message)) => reader.error(line, message),
            Ok(node) => reader.change(&node, &mut overlay),
        }
    }
    overlay
}

impl Reader<'_> {
    fn change(&mut self, node: &Node, overlay: &mut Overlay) {
        let Kind::Map(pairs) = &node.kind else {
            self.error(node.line, "expected a map with the keys of a map file");
            return;
        };
        let has = |names: &[&str]| {
            let mut keys = pairs.iter().filter_map(|(key, _)| key.scalar());
            keys.any(|key| names.contains(&key))
        };
        if has(&["codes", "default", "system"]) {
            let change = self.table_change(node);
            overlay.tables.push(change);
        } else if has(&["events", "structure", "resources"]) {
            let change = self.message_change(node);
            overlay.messages.push(change);
        } else if has(&["rows", "remove", "apply"]) {
            let change = self.field_change(node);
            overlay.fields.push(change);
        } else if has(&["timeZone", "identifierSystems", "filters"]) {
            let entries = self.entries(node, &SITE_KEYS);
            self.site(&entries, overlay);
        } else {
            let keys = ["rows", "codes", "resources"]
                .into_iter()
                .chain(SITE_KEYS)
                .filter(|key| *key != "note");
            let given = pairs.iter().filter_map(|(key, _)| key.scalar());
            let hints = given.filter(|key| *key != "map");
            let hint = hints
                .map(|key| nearest::hint(key, keys.clone()))
                .find(|hint| !hint.is_empty());
            self.error(
                node.line,
                format!(
                    "one of rows, codes, resources, timeZone, identifierSystems and filters says what the file is for{}",
                    hint.unwrap_or_default()
                ),
            );
        }
    }

    fn head(&mut self, entries: &Entries<'_>) -> Head {
        Head {
            file: self.number,
            line: entries.line,
            name: self.required(entries, "map"),
            replaces: self.flag(entries, "replace"),
        }
    }

    fn field_change(&mut self, node: &Node) -> FieldChange {
        let entries = self.entries(node, &FIELD_KEYS);
        let rows = self.list(&entries, "rows");
        FieldChange {
            head: self.head(&entries),
            of: self.text(&entries, "of"),
            to: self.text(&entries, "to"),
            rows: rows.iter().filter_map(|row| self.row(row)).collect(),
            removed: self
                .list(&entries, "remove")
                .iter()
                .filter_map(|node| self.removal(node))
                .collect(),
            apply: self
                .list(&entries, "apply")
                .iter()
                .map(|node| (node.line, node.scalar().unwrap_or_default().to_owned()))
                .collect(),
        }
    }

    fn removal(&mut self, node: &Node) -> Option<Removal> {
        let entries = self.entries(node, &["from", "to", "note"]);
        let errors = self.errors.len();
        let from = self
            .text(&entries, "from")
            .and_then(|text| self.source(node.line, &text));
        let to = self.text(&entries, "to").and_then(|text| {
            path::target(&text)
                .map_err(|message| self.error(node.line, message))
                .ok()
                .map(|steps| (steps, text))
        });
        if from.is_none() && to.is_none() && self.errors.len() == errors {
            self.error(node.line, "`remove` needs `from`, `to` or both");
        }
        (self.errors.len() == errors).then_some(Removal {
            line: node.line,
            from,
            to,
        })
    }

    fn table_change(&mut self, node: &Node) -> TableChange {
        let entries = self.entries(node, &TABLE_KEYS);
        let head = self.head(&entries);
        let table = self.table(&entries, &head.name, self.number);
        TableChange {
            head,
            default: table.default,
            codes: table.codes,
        }
    }

    fn message_change(&mut self, node: &Node) -> MessageChange {
        let entries = self.entries(node, &MESSAGE_KEYS);
        let mut change = MessageChange {
            head: self.head(&entries),
            events: self
                .list(&entries, "events")
                .iter()
                .filter_map(|event| event.scalar().map(str::to_owned))
                .collect(),
            structure: entries
                .get("structure")
                .map(|_| self.structure(Self::file_list(&entries, "structure"))),
            resources: Vec::new(),
            applied: Vec::new(),
        };
        for node in self.list(&entries, "resources") {
            let whole = matches!(&node.kind, Kind::Map(pairs)
                if pairs.iter().any(|(key, _)| key.scalar() == Some("per")));
            if whole {
                change.resources.push(self.resource(node));
                continue;
            }
            let entries = self.entries(node, &["name", "from", "note"]);
            change.applied.push(Applied {
                line: node.line,
                resource: self.required(&entries, "name"),
                from: self
                    .list(&entries, "from")
                    .iter()
                    .map(|node| self.application(node))
                    .collect(),
            });
        }
        change
    }
}
