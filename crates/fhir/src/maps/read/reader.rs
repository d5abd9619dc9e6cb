//! Reading keys, texts, paths and conditions, with every mistake told at its line.

use crate::error::MapError;
use crate::maps::condition::{self, Condition};
use crate::maps::path::{self, SourcePath};
use crate::maps::yaml::{Kind, Node};
use crate::nearest;

pub(super) struct Reader<'a> {
    pub(super) file: &'a str,
    /// Its number among the files of the maps.
    pub(super) number: usize,
    /// Whether the file belongs to a site's overlay.
    pub(super) overlay: bool,
    pub(super) errors: &'a mut Vec<MapError>,
}

/// The entries of one YAML map, by key.
pub(super) struct Entries<'n> {
    pub(super) line: u32,
    pub(super) entries: Vec<(&'static str, &'n Node)>,
}

impl<'n> Entries<'n> {
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| *node)
    }
}

impl Reader<'_> {
    pub(super) fn error(&mut self, line: u32, message: impl Into<String>) {
        self.errors.push(MapError {
            file: self.file.to_owned(),
            line,
            message: message.into(),
        });
    }

    pub(super) fn entries<'n>(&mut self, node: &'n Node, keys: &[&'static str]) -> Entries<'n> {
        let mut entries: Entries<'n> = Entries {
            line: node.line,
            entries: Vec::new(),
        };
        let Kind::Map(pairs) = &node.kind else {
            self.error(
                node.line,
                format!("expected a map with the keys {}", keys.join(", ")),
            );
            return entries;
        };
        for (key, value) in pairs {
            let name = key.scalar().unwrap_or_default();
            match keys.iter().find(|valid| **valid == name) {
                None => self.error(
                    key.line,
                    format!("unknown key `{name}`{}", nearest::hint(name, keys)),
                ),
                Some(valid) if entries.get(valid).is_some() => {
                    self.error(key.line, format!("`{name}` is given twice"));
                }
                Some(valid) => entries.entries.push((valid, value)),
            }
        }
        entries
    }

    pub(super) fn text(&mut self, entries: &Entries<'_>, key: &str) -> Option<String> {
        let node = entries.get(key)?;
        let text = node.scalar().map(str::to_owned);
        if text.is_none() {
            self.error(node.line, format!("`{key}` must be a text"));
        }
        text
    }

    pub(super) fn required(&mut self, entries: &Entries<'_>, key: &str) -> String {
        if entries.get(key).is_none() {
            self.error(entries.line, format!("`{key}` is missing"));
        }
        self.text(entries, key).unwrap_or_default()
    }

    /// `true` or `false`; false when it is not given.
    pub(super) fn flag(&mut self, entries: &Entries<'_>, key: &str) -> bool {
        match self.text(entries, key).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                let line = entries.get(key).map_or(entries.line, |node| node.line);
                self.error(
                    line,
                    format!("`{key}: {other}` is neither `true` nor `false`"),
                );
                false
            }
        }
    }

    pub(super) fn list<'n>(&mut self, entries: &Entries<'n>, key: &str) -> &'n [Node] {
        match entries.get(key) {
            Some(Node {
                kind: Kind::List(items),
                ..
            }) => items,
            Some(node) => {
                self.error(node.line, format!("`{key}` must be a list"));
                &[]
            }
            None => &[],
        }
    }

    pub(super) fn source(&mut self, line: u32, text: &str) -> Option<SourcePath> {
        let source = path::source(text);
        if source.is_none() {
            self.error(
                line,
                format!("`{text}` is no path such as PID-3, PID-3.4 or CX.4"),
            );
        }
        source
    }

    pub(super) fn condition(&mut self, entries: &Entries<'_>) -> Option<Condition<SourcePath>> {
        let text = self.text(entries, "if")?;
        let line = entries.get("if").map_or(entries.line, |node| node.line);
        match condition::parse(&text) {
            Ok(condition) => Some(condition),
            Err(message) => {
                self.error(line, message);
                None
            }
        }
    }
}
