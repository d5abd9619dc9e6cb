//! The overlay as a whole, and its code tables.

use crate::error::MapError;
use crate::maps::model::{CodeTable, Maps};
use crate::maps::overlay::{Head, Overlay, TableChange};
use crate::maps::site::AUTHORITIES;
use crate::nearest;

/// Merges; mistakes go to `errors`.
pub(crate) fn merge(maps: &mut Maps, overlay: Overlay, errors: &mut Vec<MapError>) {
    let mut merge = Merge { maps, errors };
    for change in overlay.tables {
        merge.table(change);
    }
    let mut own = Vec::new();
    for change in overlay.fields {
        own.extend(merge.field(change));
    }
    for change in overlay.messages {
        merge.message(change);
    }
    for (head, apply) in own {
        merge.used(&head, &apply);
    }
    if !overlay.identifier_systems.is_empty() {
        let table = CodeTable {
            file: 0,
            of: None,
            default: None,
            codes: overlay.identifier_systems,
            tables: Vec::new(),
            skips: Vec::new(),
        };
        merge.maps.tables.insert(AUTHORITIES.to_owned(), table);
    }
    merge.maps.site.time_zone = overlay.time_zone;
    merge.maps.site.filters = overlay.filters;
}

pub(super) struct Merge<'m> {
    pub(super) maps: &'m mut Maps,
    pub(super) errors: &'m mut Vec<MapError>,
}

impl Merge<'_> {
    pub(super) fn error(&mut self, file: usize, line: u32, message: String) {
        self.errors.push(MapError {
            file: self.maps.files[file].clone(),
            line,
            message,
        });
    }

    pub(super) fn unknown(&mut self, head: &Head, names: &[String], needs: &str) {
        let hint = nearest::hint(&head.name, names);
        let message = format!(
            "there is no map `{}` to change, and a new one needs {needs}{hint}",
            head.name
        );
        self.error(head.file, head.line, message);
    }

    fn table(&mut self, change: TableChange) {
        let head = change.head;
        let known = self
            .maps
            .tables
            .get_mut(&head.name)
            .filter(|_| !head.replaces);
        let Some(table) = known else {
            if change.codes.is_empty() {
                let names: Vec<String> = self.maps.tables.keys().cloned().collect();
                self.unknown(&head, &names, "`codes`");
                return;
            }
            let table = CodeTable {
                file: head.file,
                of: None,
                default: change.default,
                codes: change.codes,
                tables: Vec::new(),
                skips: Vec::new(),
            };
            self.maps.tables.insert(head.name, table);
            return;
        };
        table.default = change.default.or(table.default.take());
        for (source, code) in change.codes {
            match table.codes.iter_mut().find(|(known, _)| *known == source) {
                Some((_, known)) => *known = code,
                None => table.codes.push((source, code)),
            }
        }
    }
}
