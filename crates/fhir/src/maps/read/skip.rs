//! Reading the rows of the guide that a map leaves out.

use super::reader::{Entries, Reader};
use crate::maps::skip::{Reason, Skip};
use crate::nearest;

impl Reader<'_> {
    pub(super) fn skips(&mut self, entries: &Entries<'_>) -> Vec<Skip> {
        let keys = ["from", "to", "map", "if", "row", "target", "reason", "note"];
        let mut skips = Vec::new();
        for node in self.list(entries, "skip") {
            let entry = self.entries(node, &keys);
            let text = self.required(&entry, "reason");
            let Some(reason) = Reason::named(&text) else {
                let names = Reason::ALL.map(Reason::name);
                let hint = nearest::hint(&text, names);
                self.error(
                    node.line,
                    format!("`{text}` is no reason to leave a row out{hint}"),
                );
                continue;
            };
            let note = self.text(&entry, "note");
            let row = self.text(&entry, "row").map(|row| row.parse::<u32>());
            if matches!(row, Some(Err(_))) {
                self.error(
                    node.line,
                    "`row` is the number of a row in the guide's sheet",
                );
            }
            skips.push(Skip {
                line: node.line,
                from: self.text(&entry, "from"),
                to: self.text(&entry, "to"),
                map: self.text(&entry, "map"),
                condition: self.condition(&entry),
                row: row.and_then(Result::ok),
                reason,
                note,
            });
        }
        skips
    }

    /// The guide's tables that a map stands for: its own name unless `tables` says otherwise.
    pub(super) fn tables(&mut self, entries: &Entries<'_>, name: &str) -> Vec<String> {
        let named: Vec<String> = self
            .list(entries, "tables")
            .iter()
            .filter_map(|node| node.scalar().map(str::to_owned))
            .collect();
        if named.is_empty() {
            vec![name.to_owned()]
        } else {
            named
        }
    }
}
