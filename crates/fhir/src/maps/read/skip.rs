//! Reading the rows of the guide that a map leaves out.

use super::reader::{Entries, Reader};
use crate::maps::skip::{Reason, Skip};
use crate::maps::yaml::Node;
use crate::nearest;

impl Reader<'_> {
    pub(super) fn skips(&mut self, entries: &Entries<'_>) -> Vec<Skip> {
        let nodes = self.list(entries, "skip").iter();
        nodes.filter_map(|node| self.skip(node)).collect()
    }

    pub(super) fn skip(&mut self, node: &Node) -> Option<Skip> {
        let keys = ["from", "to", "map", "if", "row", "target", "reason", "note"];
        let entry = self.entries(node, &keys);
        let text = self.required(&entry, "reason");
        let Some(reason) = Reason::named(&text) else {
            let names = Reason::ALL.map(Reason::name);
            let hint = nearest::hint(&text, names);
            self.error(
                node.line,
                format!("`{text}` is no reason to leave a row out{hint}"),
            );
            return None;
        };
        let row = self.text(&entry, "row").map(|row| row.parse::<u32>());
        if matches!(row, Some(Err(_))) {
            self.error(
                node.line,
                "`row` is the number of a row in the guide's sheet",
            );
        }
        Some(Skip {
            file: self.number,
            line: node.line,
            from: self.text(&entry, "from"),
            to: self.text(&entry, "to"),
            map: self.text(&entry, "map"),
            condition: self.condition(&entry),
            row: row.and_then(Result::ok),
            reason,
            note: self.text(&entry, "note"),
        })
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
