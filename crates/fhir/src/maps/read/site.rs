//! Reading what a site says beside its maps.

use super::reader::{Entries, Reader};
use crate::maps::condition;
use crate::maps::model::Code;
use crate::maps::overlay::Overlay;
use crate::maps::site::Filter;
use crate::maps::yaml::Kind;
use crate::options::{ParseOffsetError, UtcOffset};
use crate::primitive::Primitive;

impl Reader<'_> {
    pub(super) fn site(&mut self, entries: &Entries<'_>, overlay: &mut Overlay) {
        if let Some(node) = entries.get("timeZone") {
            let text = node.scalar().unwrap_or_default();
            match text.parse() {
                Err(ParseOffsetError) => self.error(
                    node.line,
                    format!("`timeZone: {text}` is no offset such as \"+01:00\""),
                ),
                Ok(_) if overlay.time_zone.is_some() => {
                    self.error(node.line, "`timeZone` is given twice");
                }
                Ok(offset) => overlay.time_zone = Some(offset),
            }
        }
        match entries.get("identifierSystems").map(|node| &node.kind) {
            None => {}
            Some(Kind::Map(pairs)) => {
                for (key, value) in pairs {
                    let (name, uri) = (
                        key.scalar().unwrap_or_default(),
                        value.scalar().unwrap_or_default(),
                    );
                    let written = Primitive::Uri
                        .write(uri, false, UtcOffset::UTC, &mut Vec::new())
                        .is_ok();
                    let scheme = uri
                        .split_once(':')
                        .is_some_and(|(scheme, _)| scheme.len() > 1);
                    if !(written && scheme) {
                        self.error(
                            key.line,
                            format!("`{name}`: `{uri}` is no URI such as urn:oid:2.999.1.7 or https://example.org/mrn"),
                        );
                    }
                    if overlay.identifier_systems.iter().any(|(n, _)| n == name) {
                        self.error(key.line, format!("`{name}` is given twice"));
                    }
                    let code = Code {
                        file: self.number,
                        line: key.line,
                        code: uri.to_owned(),
                        display: None,
                        system: None,
                    };
                    overlay.identifier_systems.push((name.to_owned(), code));
                }
            }
            Some(_) => self.error(
                entries.line,
                "`identifierSystems` must be a map of authorities' names to URIs",
            ),
        }
        for node in self.list(entries, "filters") {
            let entry = self.entries(node, &["name", "drop", "note"]);
            let name = self.required(&entry, "name");
            let drop = self.required(&entry, "drop");
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if !name.chars().all(plain) || name.len() > 64 {
                self.error(
                    node.line,
                    format!("the filter's name `{name}` stands in metrics: only letters, digits, - and _, at most 64"),
                );
            }
            if overlay.filters.iter().any(|other| other.name == name) {
                self.error(node.line, format!("the filter `{name}` is given twice"));
            }
            match condition::parse(&drop) {
                Err(message) => self.error(node.line, message),
                Ok(condition) => overlay.filters.push(Filter {
                    file: self.number,
                    line: node.line,
                    name,
                    condition,
                }),
            }
        }
    }
}
