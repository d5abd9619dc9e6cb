//! Segment and data type maps: their rows are added to the tree of a resource, data type maps inlined.

use super::compiler::{Compiler, Scope};
use super::leaf::Leaf;
use crate::maps::model::{FieldMap, Row, RowValue};
use crate::nearest;
use crate::plan::{Source, Translated};
use crate::primitive::Primitive;
use crate::tree::{Application, Placed, Tree};

/// Data type maps are inlined no deeper than this: a map that refers to itself is a mistake.
const MAX_INLINING: usize = 12;

impl<'m> Compiler<'m> {
    /// Checks a map by itself, which nothing uses yet.
    pub(super) fn check(&mut self, map: &'m FieldMap) {
        let primitive = Primitive::named(&map.to).is_some();
        if !primitive && !self.r4.knows(&map.to) {
            let hint = nearest::hint(&map.to, self.r4.type_names());
            self.error(
                map.file,
                map.line,
                format!("`to: {}` is no resource or data type of R4{hint}", map.to),
            );
            return;
        }
        self.slots.clear();
        let slot = self.slot(if map.segment { &map.of } else { "MSH" }, None, None);
        let field = u16::from(!map.segment);
        let base = Source::field(slot, field);
        let application = self.application();
        let scope = Scope::new(&map.of, base, application);
        let mut tree = Tree::new(&map.to);
        self.apply(map, &scope, &mut tree);
        self.segments.clear();
    }

    /// Adds the rows of a map to a tree.
    pub(super) fn apply(&mut self, map: &'m FieldMap, scope: &Scope<'_>, tree: &mut Tree) {
        if scope.depth > MAX_INLINING {
            self.error(
                map.file,
                map.line,
                format!("maps refer to each other deeper than {MAX_INLINING}"),
            );
            return;
        }
        self.applied.insert((map.file, map.line));
        let mapped = scope.codes.and_then(|table| {
            self.mapped_coding(map, scope, table, tree)
                .map(|rows| (table, rows))
        });
        for row in &map.rows {
            let errors = self.errors.len();
            let from = row
                .from
                .as_ref()
                .and_then(|path| match self.source(path, scope) {
                    Ok(source) => Some(source),
                    Err(message) => {
                        self.error(row.file, row.line, format!("`from`: {message}"));
                        None
                    }
                });
            let over = match &row.over {
                None => scope.over,
                Some(path) => match self.source(path, scope) {
                    Ok(source) => Some(source),
                    Err(message) => {
                        self.error(row.file, row.line, format!("`over`: {message}"));
                        continue;
                    }
                },
            };
            let mut conditions = scope.conditions.clone();
            if let Some(condition) = &row.condition {
                conditions.extend(self.condition(row.file, row.line, condition, scope));
            }
            if self.errors.len() > errors {
                continue;
            }
            let mut path = scope.prefix.clone();
            path.extend(Application::place(&row.to, scope.application));
            let table = match &row.codes {
                None => None,
                Some(name) => {
                    let table = self.tables.get(name.as_str()).copied();
                    if table.is_none() {
                        let hint = nearest::hint(name, self.tables.keys());
                        self.error(
                            row.file,
                            row.line,
                            format!("there is no code table `{name}`{hint}"),
                        );
                        continue;
                    }
                    table
                }
            };
            let inherited = if row.to.is_empty() { scope.codes } else { None };
            let codes = table.or(inherited);
            if let RowValue::As(Some(kind)) = &row.value
                && Primitive::named(kind).is_none()
                && !matches!(kind.as_str(), "system" | "hd-uri" | "HD[uri]" | "lines")
            {
                let inner = self.inner(row, kind, &path, tree);
                let inner = inner.and_then(|inner| {
                    let from = from.ok_or_else(|| format!("`as: {kind}` needs `from`"))?;
                    Ok((inner, from))
                });
                match inner {
                    Err(message) => self.error(row.file, row.line, message),
                    Ok((inner, base)) => {
                        let application = self.application();
                        let scope = Scope {
                            of: &inner.of,
                            base,
                            application,
                            prefix: path,
                            conditions,
                            codes,
                            over,
                            depth: scope.depth + 1,
                        };
                        self.apply(inner, &scope, tree);
                    }
                }
                continue;
            }
            let original = mapped.as_ref().filter(|(_, coding)| coding.holds(row));
            let leaf = Leaf {
                row,
                from,
                over,
                conditions,
                codes,
                original: original.map(|(table, coding)| Translated {
                    table: *table,
                    code: coding.code,
                    system: coding.system,
                }),
            };
            let result = self.leaf(leaf, scope, &path, tree);
            if let Err(message) = result {
                self.error(row.file, row.line, message);
            }
        }
    }

    /// The data type map that a row names, checked against its target.
    fn inner(
        &mut self,
        row: &Row,
        kind: &str,
        path: &[Placed],
        tree: &mut Tree,
    ) -> Result<&'m FieldMap, String> {
        let Some(inner) = self.maps.fields.get(kind) else {
            let names = self.maps.fields.keys().map(String::as_str);
            let hint = nearest::hint(kind, names.chain(Primitive::NAMES));
            return Err(format!(
                "`as: {kind}` is no primitive type and no data type map{hint}"
            ));
        };
        let target = tree
            .target(self.r4, path)
            .map_err(|message| format!("`to: {}`: {message}", row.to_text))?;
        if target != inner.to && !fits(&inner.to, &target) {
            return Err(format!(
                "`{kind}` gives {}, but `{}` is {target}{}",
                inner.to,
                row.to_text,
                opened(&target, &inner.to)
            ));
        }
        Ok(inner)
    }
}

fn fits(gives: &str, target: &str) -> bool {
    match (Primitive::named(gives), Primitive::named(target)) {
        (Some(gives), Some(target)) => gives.fits(target),
        _ => matches!(
            (gives, target),
            (
                "Quantity",
                "Age" | "Duration" | "Distance" | "Count" | "SimpleQuantity" | "MoneyQuantity"
            )
        ),
    }
}

fn opened(target: &str, gives: &str) -> String {
    if target == "Reference" {
        format!("; open a resource of its own: `({gives})`")
    } else {
        String::new()
    }
}
