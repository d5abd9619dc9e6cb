//! The overlay as a whole, and its code tables.

use crate::error::MapError;
use crate::maps::model::{Code, CodeTable, Maps};
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
        merge.authorities(overlay.identifier_systems);
    }
    let site = &mut merge.maps.site;
    site.time_zone = overlay.time_zone.or(site.time_zone);
    site.filters.extend(overlay.filters);
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
        table.lay(change.codes);
    }

    /// Systems of assigning authorities over those that there are.
    fn authorities(&mut self, systems: Vec<(String, Code)>) {
        let none = || CodeTable {
            file: 0,
            of: None,
            default: None,
            codes: Vec::new(),
            tables: Vec::new(),
            skips: Vec::new(),
        };
        let tables = &mut self.maps.tables;
        let table = tables.entry(AUTHORITIES.to_owned()).or_insert_with(none);
        table.lay(systems);
    }
}

impl CodeTable {
    /// Codes over those that there are.
    fn lay(&mut self, codes: Vec<(String, Code)>) {
        for (source, code) in codes {
            match self.codes.iter_mut().find(|(known, _)| *known == source) {
                Some((_, known)) => *known = code,
                None => self.codes.push((source, code)),
            }
        }
    }
}
