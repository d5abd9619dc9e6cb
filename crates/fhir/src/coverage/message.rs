//! Rows of message tables. A row is mapped when a message map of that table applies the segment map that the row names to the
//! resource that it names, within the row's group.

use super::field::skipped;
use super::guide::GuideRow;
use super::report::Status;
use super::target::Target;
use super::values;
use crate::maps::model::{Application, Maps, MessageMap, ResourceMap};

pub(super) struct Table<'m> {
    maps: &'m Maps,
    messages: Vec<&'m MessageMap>,
}

impl<'m> Table<'m> {
    pub(super) fn named(maps: &'m Maps, name: &str) -> Table<'m> {
        Table {
            maps,
            messages: maps
                .messages
                .iter()
                .filter(|map| map.tables.iter().any(|table| table == name))
                .collect(),
        }
    }

    pub(super) fn judge(&self, guide: &GuideRow) -> Status {
        let target = Target::of_guide(guide.target.unwrap_or_default());
        let mut found: Vec<(&ResourceMap, &Application)> = Vec::new();
        for message in &self.messages {
            for resource in &message.resources {
                let kind = target.names.first() == Some(&resource.kind)
                    || target.names.contains(&format!("({})", resource.kind));
                if kind && together(&resource.per, guide.field) {
                    let applied = resource.from.iter().filter(|from| from.map == guide.map);
                    found.extend(applied.map(|from| (resource, from)));
                }
            }
        }
        let required = values::required(guide.condition);
        let conditions = found
            .iter()
            .map(|(resource, from)| from.condition.as_ref().or(resource.condition.as_ref()));
        if let Some((_, from)) = found.first()
            && values::answered(&required, conditions, false)
        {
            return Status::Mapped {
                file: self.maps.files[from.file].clone(),
                line: from.line,
            };
        }
        let skips = self.messages.iter().flat_map(|map| &map.skips);
        let path = guide.field.split_once('.').map_or("", |(_, path)| path);
        skipped(self.maps, skips, guide, |skip| {
            let from = skip.from.as_deref().is_none_or(|from| {
                [guide.field, path].iter().any(|path| {
                    path.strip_prefix(from)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                })
            });
            from && skip.map.as_deref().is_none_or(|map| map == guide.map)
        })
    }
}

/// Whether a resource per `per` stands within the group of the row's segment, or around it.
fn together(per: &str, field: &str) -> bool {
    let mut row: Vec<&str> = field.split('.').skip(1).collect();
    row.pop();
    let mut per: Vec<&str> = per.split('.').collect();
    if per.last().is_some_and(|last| last.len() == 3) {
        per.pop();
    }
    per.starts_with(&row) || row.starts_with(&per)
}
