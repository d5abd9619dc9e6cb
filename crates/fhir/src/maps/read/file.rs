//! Reading map files: the folder says what kind of map a file holds.

use super::reader::Reader;
use crate::error::MapError;
use crate::mapper::MapSource;
use crate::maps::model::{FieldMap, Maps, Shared};
use crate::maps::yaml::{self, Node};
use crate::nearest;

/// Reads all files; mistakes go to `errors`.
pub(crate) fn read(sources: &[MapSource<'_>], errors: &mut Vec<MapError>) -> Maps {
    let mut maps = Maps {
        files: sources
            .iter()
            .map(|source| source.path.to_owned())
            .collect(),
        ..Maps::default()
    };
    // What message maps share comes before them.
    let (shared, others): (Vec<_>, Vec<_>) = (0..)
        .zip(sources)
        .partition(|(_, source)| folder(source.path) == SHARED);
    for (file, source) in shared.into_iter().chain(others) {
        let mut reader = Reader {
            file: source.path,
            number: file,
            overlay: false,
            errors,
        };
        match yaml::read(source.text) {
            Err((line, message)) => reader.error(line, message),
            Ok(node) => reader.file(&node, file, &mut maps),
        }
    }
    maps
}

/// The folder of what message maps share.
const SHARED: &str = "parts";

fn folder(path: &str) -> &str {
    path.rsplit('/').nth(1).unwrap_or_default()
}

impl Reader<'_> {
    fn file(&mut self, node: &Node, file: usize, maps: &mut Maps) {
        let stem = self.file.rsplit('/').next().unwrap_or_default();
        let stem = stem.trim_end_matches(".yaml").to_owned();
        let folder = folder(self.file);
        let (name, line) = match folder {
            SHARED => {
                let entries = self.entries(node, &["part", "resources", "skip", "note"]);
                let name = self.required(&entries, "part");
                let resources = self.list(&entries, "resources").iter();
                let shared = Shared {
                    file,
                    resources: resources.map(|node| self.resource(node)).collect(),
                    skips: self.skips(&entries),
                };
                let other = maps
                    .shared
                    .insert(name.clone(), shared)
                    .map(|other| other.file);
                self.duplicate(node.line, &name, other.map(|n| maps.files[n].clone()));
                (name, node.line)
            }
            "segments" | "datatypes" => {
                let entries =
                    self.entries(node, &["map", "of", "to", "rows", "tables", "skip", "note"]);
                let name = self.required(&entries, "map");
                let of = self.required(&entries, "of");
                let to = self.required(&entries, "to");
                let rows = self
                    .list(&entries, "rows")
                    .iter()
                    .filter_map(|row| self.row(row))
                    .collect();
                let map = FieldMap {
                    file,
                    line: node.line,
                    segment: folder == "segments",
                    of,
                    to,
                    rows,
                    tables: self.tables(&entries, &name),
                    skips: self.skips(&entries),
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
                        "map", "of", "system", "default", "codes", "note", "source", "tables",
                        "skip",
                    ],
                );
                let name = self.required(&entries, "map");
                let table = self.table(&entries, &name, file);
                let other = maps
                    .tables
                    .insert(name.clone(), table)
                    .map(|other| other.file);
                self.duplicate(node.line, &name, other.map(|n| maps.files[n].clone()));
                (name, node.line)
            }
            "messages" => {
                let map = self.message(node, file, &maps.shared);
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
                let folders = ["messages", SHARED, "segments", "datatypes", "codes"];
                let hint = nearest::hint(folder, folders);
                self.error(
                    1,
                    format!(
                        "maps lie in {}, not in `{folder}`{hint}",
                        folders.join(", ")
                    ),
                );
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
}
