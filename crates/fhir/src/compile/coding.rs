//! Coded values with a code table: the table's coding first, the original beside it.

use super::compiler::{Compiler, Scope};
use crate::maps::model::{self, FieldMap, RowValue};
use crate::maps::path::{Item, Step};
use crate::plan::{Candidate, CodePart, Source, Value};
use crate::primitive::Primitive;
use crate::tree::{Placed, Row, Tree};

/// The original coding of a coded value.
pub(super) struct Coding<'m> {
    pub(super) parent: &'m [Step],
    pub(super) code: Source,
    pub(super) system: Option<Source>,
}

impl Coding<'_> {
    pub(super) fn holds(&self, row: &model::Row) -> bool {
        row.to.len() == self.parent.len() + 1 && row.to[..self.parent.len()] == *self.parent
    }
}

impl<'m> Compiler<'m> {
    /// Puts a table's coding before the original one; answers which rows are the original's.
    pub(super) fn mapped_coding(
        &mut self,
        map: &'m FieldMap,
        scope: &Scope<'_>,
        table: usize,
        tree: &mut Tree,
    ) -> Option<Coding<'m>> {
        if !matches!(map.to.as_str(), "CodeableConcept" | "Coding") {
            return None;
        }
        let is_code = |row: &&model::Row| {
            matches!(row.to.last(), Some(Step::Element { name, .. }) if name == "code")
                && row.from.is_some()
        };
        let row = map.rows.iter().find(is_code)?;
        let code = row
            .from
            .as_ref()
            .and_then(|path| self.source(path, scope).ok())?;
        let parent = &row.to[..row.to.len() - 1];
        let is_system = |other: &&model::Row| {
            other.to.len() == row.to.len()
                && other.to[..parent.len()] == *parent
                && matches!(other.to.last(), Some(Step::Element { name, .. }) if name == "system")
                && other.from.is_some()
                && matches!(other.value, RowValue::As(_))
        };
        let system = map
            .rows
            .iter()
            .find(is_system)
            .and_then(|row| row.from.as_ref());
        let system = system.and_then(|path| self.source(path, scope).ok());
        let application = if map.to == "Coding" {
            scope.application
        } else {
            self.application()
        };
        for (name, part) in [
            ("system", CodePart::System),
            ("code", CodePart::Code),
            ("display", CodePart::Display),
        ] {
            let mut path = scope.prefix.clone();
            if map.to == "CodeableConcept" {
                path.push(Placed {
                    step: Step::Element {
                        name: "coding".to_owned(),
                        item: Item::Plain,
                    },
                    application,
                });
            }
            path.push(Placed {
                step: Step::Element {
                    name: name.to_owned(),
                    item: Item::Plain,
                },
                application,
            });
            let value = Value::Mapped(table, part, Primitive::Text, system);
            let mapped = Row {
                candidate: Candidate {
                    conditions: scope.conditions.clone(),
                    from: Some(code),
                    ..Candidate::new(value, (row.file, row.line))
                },
                over: scope.over,
            };
            if let Err(message) = tree.insert(self.r4, &path, None, |_| Ok(mapped)) {
                self.error(row.file, row.line, message);
            }
        }
        Some(Coding {
            parent,
            code,
            system,
        })
    }
}
