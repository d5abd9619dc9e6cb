//! Rows of code system tables. A row is mapped when a code table of that name translates its code to the guide's.

use super::field::skipped;
use super::guide::GuideRow;
use super::report::Status;
use crate::maps::model::{CodeTable, Maps};

pub(super) struct Table<'m> {
    maps: &'m Maps,
    tables: Vec<&'m CodeTable>,
}

impl<'m> Table<'m> {
    pub(super) fn named(maps: &'m Maps, name: &str) -> Table<'m> {
        let mut tables: Vec<&CodeTable> = maps
            .tables
            .values()
            .filter(|map| map.tables.iter().any(|table| table == name))
            .collect();
        tables.sort_by_key(|map| map.file);
        Table { maps, tables }
    }

    pub(super) fn judge(&self, guide: &GuideRow) -> Status {
        let target = guide.target.unwrap_or_default();
        for table in &self.tables {
            let code = table
                .codes
                .iter()
                .find(|(source, code)| source == guide.field && code.code == target);
            if let Some((_, code)) = code {
                return Status::Mapped {
                    file: self.maps.files[table.file].clone(),
                    line: code.line,
                };
            }
        }
        let skips = self.tables.iter().flat_map(|map| &map.skips);
        skipped(self.maps, skips, guide, |skip| {
            skip.from.as_deref().is_none_or(|from| from == guide.field)
        })
    }
}
