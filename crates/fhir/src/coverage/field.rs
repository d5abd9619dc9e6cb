//! Rows of segment and data type tables. A row of the guide is mapped when a map of that table has a row from the same field,
//! or a part of it, to the same target, or below it, with the same constant where the guide writes one, and answers for the
//! values that the guide's condition asks for.

use super::guide::GuideRow;
use super::report::Status;
use super::target::{Target, within};
use super::values;
use crate::maps::model::{FieldMap, JoinPart, Maps, Row, RowValue};
use crate::maps::path::{self, SourcePath};
use crate::maps::skip::Skip;

/// Data type maps are followed no deeper than this.
const MAX_DEPTH: usize = 12;

pub(super) struct Table<'m> {
    maps: &'m Maps,
    /// The maps that stand for this table.
    fields: Vec<&'m FieldMap>,
}

impl<'m> Table<'m> {
    pub(super) fn named(maps: &'m Maps, name: &str) -> Table<'m> {
        let mut fields: Vec<&FieldMap> = maps
            .fields
            .values()
            .filter(|map| map.tables.iter().any(|table| table == name))
            .collect();
        fields.sort_by_key(|map| map.file);
        Table { maps, fields }
    }

    pub(super) fn judge(&self, guide: &GuideRow) -> Status {
        let target = Target::of_guide(guide.target.unwrap_or_default());
        let constant = guide.constant.or(target.constant.as_deref());
        let wanted = Wanted {
            field: path::source(guide.field),
            target: &target,
            constant,
        };
        let mut found: Vec<(&FieldMap, &Row)> = Vec::new();
        for map in &self.fields {
            let rows = map
                .rows
                .iter()
                .filter(|row| self.realises(map, row, &wanted));
            found.extend(rows.map(|row| (*map, row)));
        }
        let required = values::required(guide.condition);
        // A code table answers for the values that it lists.
        let conditions = found
            .iter()
            .map(|(_, row)| row.condition.as_ref().filter(|_| row.codes.is_none()));
        if let Some((map, row)) = found.first()
            && values::answered(&required, conditions, constant.is_some())
        {
            return Status::Mapped {
                file: self.maps.files[map.file].clone(),
                line: row.line,
            };
        }
        let skips = self.fields.iter().flat_map(|map| &map.skips);
        skipped(self.maps, skips, guide, |skip| {
            let from = skip.from.as_deref().is_none_or(|from| {
                from == guide.field
                    || path::source(from)
                        .zip(wanted.field.as_ref())
                        .is_some_and(|(skip, field)| holds(&skip, field))
            });
            from && values::answered(&required, std::iter::once(skip.condition.as_ref()), false)
        })
    }

    fn realises(&self, map: &FieldMap, row: &Row, wanted: &Wanted<'_>) -> bool {
        let names = Target::of_map(&row.to);
        let names = if wanted.target.sibling {
            within(&names, &map.to)
        } else {
            &names
        };
        let constant = matches!(row.value, RowValue::Constant(_));
        let from = match (&wanted.field, &row.from) {
            (None, _) => true,
            (Some(field), Some(from)) => {
                reads(from, field)
                    || matches!(&row.value, RowValue::Join(parts) if parts.iter().any(|part| {
                        matches!(part, JoinPart::Source(from) if reads(from, field))
                    }))
            }
            // A constant without a source is the same constant.
            (Some(_), None) => constant && wanted.constant.is_some(),
        };
        from && self.writes(row, names, &wanted.target.names, wanted.constant, 0)
    }

    /// Whether a row that writes to `names` writes to `target`.
    fn writes(
        &self,
        row: &Row,
        names: &[String],
        target: &[String],
        constant: Option<&str>,
        depth: usize,
    ) -> bool {
        if let RowValue::Constant(value) = &row.value {
            return names == target && constant.is_none_or(|constant| constant == value);
        }
        if names.starts_with(target) {
            return constant.is_none();
        }
        let Some(rest) = target.strip_prefix(names) else {
            return false;
        };
        if let (Some(constant), Some(codes)) = (constant, &row.codes)
            && rest.last().is_some_and(|name| name == "system")
            && let Some(table) = self.maps.tables.get(codes)
        {
            return table
                .codes
                .iter()
                .any(|(_, code)| code.system.as_deref() == Some(constant));
        }
        let RowValue::As(Some(kind)) = &row.value else {
            return false;
        };
        depth < MAX_DEPTH
            && self.maps.fields.get(kind).is_some_and(|inner| {
                inner.rows.iter().any(|row| {
                    self.writes(row, &Target::of_map(&row.to), rest, constant, depth + 1)
                })
            })
    }
}

struct Wanted<'g> {
    field: Option<SourcePath>,
    target: &'g Target,
    constant: Option<&'g str>,
}

/// Whether what a map reads is the guide's field, a part of it, or the whole that it is part of.
fn reads(from: &SourcePath, field: &SourcePath) -> bool {
    if from.root == "$" {
        return field.field == 0 && field.parts.first().is_none_or(|part| *part == 1);
    }
    holds(from, field) || holds(field, from)
}

/// Whether `part` is `whole` or lies in it.
fn holds(whole: &SourcePath, part: &SourcePath) -> bool {
    let same = whole.root == part.root;
    // The guide also writes `HD-3` for the component `HD.3`: it never has both for one root.
    same && (whole.field == part.field && part.parts.starts_with(&whole.parts)
        || whole.field == 0 && whole.parts.is_empty() && part.field == 0)
}

/// The first entry of `skip` that the row falls under.
pub(super) fn skipped<'s>(
    maps: &Maps,
    skips: impl Iterator<Item = &'s Skip>,
    guide: &GuideRow,
    from: impl Fn(&Skip) -> bool,
) -> Status {
    let target = Target::of_guide(guide.target.unwrap_or_default());
    for skip in skips {
        let to = skip.to.as_deref().is_none_or(|to| {
            Some(to) == guide.target || target.names.starts_with(&Target::of_guide(to).names)
        });
        let row = skip.row.is_none_or(|row| row == guide.row);
        if row && to && from(skip) {
            return Status::Skipped {
                reason: skip.reason,
                note: skip.note.clone(),
                file: maps.files[skip.file].clone(),
                line: skip.line,
            };
        }
    }
    Status::Missing
}
