//! The maps as read, before they are compiled.

use std::collections::HashMap;

use super::condition::{self, Condition};
use super::path::{self, SourcePath, Step};
use super::yaml::{self, Kind, Node};
use crate::error::MapError;
use crate::mapper::MapSource;
use crate::nearest;

/// Every map of a set, by kind and name.
#[derive(Debug, Default)]
pub(crate) struct Maps {
    pub(crate) files: Vec<String>,
    pub(crate) fields: HashMap<String, FieldMap>,
    pub(crate) tables: HashMap<String, CodeTable>,
    pub(crate) messages: Vec<MessageMap>,
}

/// A segment or data type map.
#[derive(Debug)]
pub(crate) struct FieldMap {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) of: String,
    pub(crate) to: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) line: u32,
    pub(crate) from: Option<SourcePath>,
    pub(crate) to: Vec<Step>,
    pub(crate) to_text: String,
    pub(crate) condition: Option<Condition<SourcePath>>,
    pub(crate) value: RowValue,
    pub(crate) codes: Option<String>,
    pub(crate) default: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) enum RowValue {
    As(Option<String>),
    Constant(String),
    Join(Vec<JoinPart>),
}

#[derive(Clone, Debug)]
pub(crate) enum JoinPart {
    Source(SourcePath),
    Literal(String),
}

#[derive(Debug)]
pub(crate) struct CodeTable {
    pub(crate) file: usize,
    pub(crate) default: Option<String>,
    pub(crate) codes: Vec<(String, Code)>,
}

/// One row of a code table.
#[derive(Clone, Debug)]
#[allow(clippy::struct_field_names)] // a code's code is what FHIR calls it
pub(crate) struct Code {
    pub(crate) line: u32,
    pub(crate) code: String,
    pub(crate) display: Option<String>,
    pub(crate) system: Option<String>,
}

#[derive(Debug)]
pub(crate) struct MessageMap {
    pub(crate) file: usize,
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) events: Vec<String>,
    pub(crate) structure: Vec<Part>,
    pub(crate) resources: Vec<ResourceMap>,
}

/// A segment or group of a message structure.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) repeats: bool,
    /// `None`: a segment.
    pub(crate) of: Option<Vec<Part>>,
}

#[derive(Debug)]
pub(crate) struct ResourceMap {
    pub(crate) line: u32,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) per: String,
    pub(crate) from: Vec<Application>,
    pub(crate) condition: Option<Condition<SourcePath>>,
    pub(crate) mention: bool,
    pub(crate) id: Vec<Vec<IdPart>>,
    pub(crate) criteria: Option<SourcePath>,
    pub(crate) links: Vec<Link>,
}

#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) line: u32,
    pub(crate) map: String,
    pub(crate) each: Option<String>,
    pub(crate) condition: Option<Condition<SourcePath>>,
}

#[derive(Clone, Debug)]
pub(crate) enum IdPart {
    Source(SourcePath),
    Identifier(SourcePath),
}

#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) line: u32,
    pub(crate) to: Vec<Step>,
    pub(crate) to_text: String,
    pub(crate) resource: String,
}

/// Reads all files; mistakes go to `errors`.
pub(crate) fn read(sources: &[MapSource<'_>], errors: &mut Vec<MapError>) -> Maps {
    let mut maps = Maps::default();
    for source in sources {
        let file = maps.files.len();
        maps.files.push(source.path.to_owned());
        let mut reader = Reader {
            file: source.path,
            errors,
        };
        match yaml::read(source.text) {
            Err((line, message)) => reader.error(line, message),
            Ok(node) => reader.file(&node, file, &mut maps),
        }
    }
    maps
}

struct Reader<'a> {
    file: &'a str,
    errors: &'a mut Vec<MapError>,
}

/// The entries of one YAML map, by key.
struct Entries<'n> {
    line: u32,
    entries: Vec<(&'static str, &'n Node)>,
}

impl<'n> Entries<'n> {
    fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| *node)
    }
}

impl Reader<'_> {
    fn error(&mut self, line: u32, message: impl Into<String>) {
        self.errors.push(MapError {
            file: self.file.to_owned(),
            line,
            message: message.into(),
        });
    }

    fn entries<'n>(&mut self, node: &'n Node, keys: &[&'static str]) -> Entries<'n> {
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

    fn text(&mut self, entries: &Entries<'_>, key: &str) -> Option<String> {
        let node = entries.get(key)?;
        let text = node.scalar().map(str::to_owned);
        if text.is_none() {
            self.error(node.line, format!("`{key}` must be a text"));
        }
        text
    }

    fn required(&mut self, entries: &Entries<'_>, key: &str) -> String {
        if entries.get(key).is_none() {
            self.error(entries.line, format!("`{key}` is missing"));
        }
        self.text(entries, key).unwrap_or_default()
    }

    fn list<'n>(&mut self, entries: &Entries<'n>, key: &str) -> &'n [Node] {
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

    fn file(&mut self, node: &Node, file: usize, maps: &mut Maps) {
        let mut parts = self.file.rsplit('/');
        let stem = parts
            .next()
            .unwrap_or_default()
            .trim_end_matches(".yaml")
            .to_owned();
        let folder = parts.next().unwrap_or_default();
        let (name, line) = match folder {
            "segments" | "datatypes" => {
                let entries = self.entries(node, &["map", "of", "to", "rows", "skip", "note"]);
                let name = self.required(&entries, "map");
                let of = self.required(&entries, "of");
                let to = self.required(&entries, "to");
                let rows = self
                    .list(&entries, "rows")
                    .iter()
                    .filter_map(|row| self.row(row))
                    .collect();
                for skip in self.list(&entries, "skip") {
                    self.entries(
                        skip,
                        &["from", "to", "if", "reason", "note", "row", "target"],
                    );
                }
                let map = FieldMap {
                    file,
                    line: node.line,
                    of,
                    to,
                    rows,
                };
                let other = maps
                    .fields
                    .insert(name.clone(), map)
                    .map(|other| other.file);
                self.duplicate(node.line, &name, other.map(|n| maps.files[n].clone()));
                (name, node.line)
            }
            "codes" => {
                let entries = self.entries(
                    node,
                    &[
                        "map", "of", "system", "default", "codes", "note", "source", "skip",
                    ],
                );
                let name = self.required(&entries, "map");
                let table = self.table(&entries, file);
                let other = maps
                    .tables
                    .insert(name.clone(), table)
                    .map(|other| other.file);
                self.duplicate(node.line, &name, other.map(|n| maps.files[n].clone()));
                (name, node.line)
            }
            "messages" => {
                let map = self.message(node, file);
                let other = maps
                    .messages
                    .iter()
                    .find(|other| other.name == map.name)
                    .map(|other| other.file);
                self.duplicate(node.line, &map.name, other.map(|n| maps.files[n].clone()));
                let name = (map.name.clone(), map.line);
                maps.messages.push(map);
                name
            }
            _ => {
                let folders = ["messages", "segments", "datatypes", "codes"];
                let hint = nearest::hint(folder, folders);
                self.error(1, format!("maps lie in messages, segments, datatypes or codes, not in `{folder}`{hint}"));
                return;
            }
        };
        if name.replace('/', "") != stem.replace('/', "") && !name.is_empty() {
            self.error(
                line,
                format!("`map: {name}` must equal the file name `{stem}`"),
            );
        }
    }

    fn duplicate(&mut self, line: u32, name: &str, other: Option<String>) {
        if let Some(other) = other {
            self.error(
                line,
                format!("the name `{name}` is already taken by {other}"),
            );
        }
    }

    fn table(&mut self, entries: &Entries<'_>, file: usize) -> CodeTable {
        let system = self.text(entries, "system");
        let default = self.text(entries, "default");
        let mut codes: Vec<(String, Code)> = Vec::new();
        match entries.get("codes") {
            Some(Node {
                kind: Kind::Map(pairs),
                ..
            }) => {
                for (key, value) in pairs {
                    let source = key.scalar().unwrap_or_default().to_owned();
                    if codes.iter().any(|(other, _)| *other == source) {
                        self.error(key.line, format!("the code `{source}` is given twice"));
                    }
                    let code = if let Some(code) = value.scalar() {
                        Code {
                            line: key.line,
                            code: code.to_owned(),
                            display: None,
                            system: system.clone(),
                        }
                    } else {
                        let entry = self.entries(value, &["code", "display", "system", "note"]);
                        let own = self.text(&entry, "system");
                        Code {
                            line: key.line,
                            code: self.required(&entry, "code"),
                            display: self.text(&entry, "display"),
                            system: own.or_else(|| system.clone()),
                        }
                    };
                    codes.push((source, code));
                }
            }
            Some(node) => self.error(node.line, "`codes` must be a map of source codes"),
            None => self.error(entries.line, "`codes` is missing"),
        }
        CodeTable {
            file,
            default,
            codes,
        }
    }

    fn source(&mut self, line: u32, text: &str) -> Option<SourcePath> {
        let source = path::source(text);
        if source.is_none() {
            self.error(
                line,
                format!("`{text}` is no path such as PID-3, PID-3.4 or CX.4"),
            );
        }
        source
    }

    fn condition(&mut self, entries: &Entries<'_>) -> Option<Condition<SourcePath>> {
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

    fn row(&mut self, node: &Node) -> Option<Row> {
        let keys = [
            "from", "to", "if", "as", "codes", "value", "join", "default", "note",
        ];
        let entries = self.entries(node, &keys);
        let errors = self.errors.len();
        let from = self
            .text(&entries, "from")
            .and_then(|text| self.source(node.line, &text));
        let to_text = self.required(&entries, "to");
        let to = path::target(&to_text)
            .map_err(|message| self.error(node.line, message))
            .ok();
        let condition = self.condition(&entries);
        let kind = self.text(&entries, "as");
        let constant = self.text(&entries, "value");
        let join = entries.get("join").map(|_| {
            let parts = self.list(&entries, "join");
            parts
                .iter()
                .map(|part| {
                    let text = part.scalar().unwrap_or_default();
                    match path::source(text) {
                        Some(source)
                            if source.field > 0
                                || !source.parts.is_empty()
                                || source.root == "$" =>
                        {
                            JoinPart::Source(source)
                        }
                        _ => JoinPart::Literal(text.to_owned()),
                    }
                })
                .collect()
        });
        let given = usize::from(kind.is_some())
            + usize::from(constant.is_some())
            + usize::from(join.is_some());
        if given > 1 {
            self.error(node.line, "a row has one of `as`, `value` and `join`");
        }
        let default = self.text(&entries, "default");
        let value = match (constant, join) {
            (Some(constant), _) => RowValue::Constant(constant),
            (None, Some(parts)) => RowValue::Join(parts),
            (None, None) => RowValue::As(kind),
        };
        if from.is_none()
            && entries.get("from").is_none()
            && matches!(value, RowValue::As(_))
            && default.is_none()
        {
            self.error(
                node.line,
                "a row without `from` needs `value`, `join` or `default`",
            );
        }
        let codes = self.text(&entries, "codes");
        let to = to?;
        (self.errors.len() == errors).then_some(Row {
            line: node.line,
            from,
            to,
            to_text,
            condition,
            value,
            codes,
            default,
        })
    }

    fn message(&mut self, node: &Node, file: usize) -> MessageMap {
        let entries = self.entries(
            node,
            &["map", "events", "structure", "resources", "note", "skip"],
        );
        let name = self.required(&entries, "map");
        let events = self
            .list(&entries, "events")
            .iter()
            .filter_map(|event| event.scalar().map(str::to_owned))
            .collect();
        let structure = self.structure(Self::file_list(&entries, "structure"));
        let resources = self
            .list(&entries, "resources")
            .iter()
            .map(|node| self.resource(node))
            .collect();
        MessageMap {
            file,
            line: node.line,
            name,
            events,
            structure,
            resources,
        }
    }

    fn file_list<'n>(entries: &Entries<'n>, key: &str) -> &'n [Node] {
        match entries.get(key) {
            Some(Node {
                kind: Kind::List(items),
                ..
            }) => items,
            _ => &[],
        }
    }

    fn structure(&mut self, nodes: &[Node]) -> Vec<Part> {
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

    fn resource(&mut self, node: &Node) -> ResourceMap {
        let keys = [
            "name", "type", "per", "from", "if", "request", "id", "criteria", "links", "note",
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
        let mention = match self.text(&entries, "request").as_deref() {
            None | Some("authority") => false,
            Some("mention") => true,
            Some(other) => {
                self.error(
                    node.line,
                    format!("`request: {other}` is neither `authority` nor `mention`"),
                );
                false
            }
        };
        let id = self
            .list(&entries, "id")
            .iter()
            .map(|node| self.id_parts(node))
            .collect();
        let criteria =
            self.text(&entries, "criteria")
                .and_then(|text| match self.id_part(node.line, &text) {
                    Some(IdPart::Source(source) | IdPart::Identifier(source)) => Some(source),
                    None => None,
                });
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
        ResourceMap {
            line: node.line,
            name,
            kind,
            per,
            from,
            condition,
            mention,
            id,
            criteria,
            links,
        }
    }

    fn application(&mut self, node: &Node) -> Application {
        if let Some(map) = node.scalar() {
            return Application {
                line: node.line,
                map: map.to_owned(),
                each: None,
                condition: None,
            };
        }
        let entries = self.entries(node, &["map", "each", "if", "note"]);
        Application {
            line: node.line,
            map: self.required(&entries, "map"),
            each: self.text(&entries, "each"),
            condition: self.condition(&entries),
        }
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
            Some((_, path)) => self.source(line, path).map(IdPart::Identifier),
            None => self.source(line, text).map(IdPart::Source),
        }
    }
}
