//! Reading the rows of segment and data type maps.

use super::reader::Reader;
use crate::maps::model::{JoinPart, Row, RowValue};
use crate::maps::path;
use crate::maps::yaml::Node;

impl Reader<'_> {
    pub(super) fn row(&mut self, node: &Node) -> Option<Row> {
        let keys = [
            "from", "to", "if", "as", "codes", "value", "join", "default", "over", "note",
            "replace",
        ];
        let keys = if self.overlay { &keys[..] } else { &keys[..10] };
        let entries = self.entries(node, keys);
        let errors = self.errors.len();
        let from = self
            .text(&entries, "from")
            .and_then(|text| self.source(node.line, &text));
        let over = self
            .text(&entries, "over")
            .and_then(|text| self.source(node.line, &text));
        let to_text = self.required(&entries, "to");
        let to = path::target(&to_text)
            .map_err(|message| self.error(node.line, message))
            .ok();
        let condition = self.condition(&entries);
        let kind = self.text(&entries, "as");
        let constant = self.text(&entries, "value");
        let join = entries.get("join").map(|_| {
            let parts = self.list(&entries, "join");
            parts
                .iter()
                .map(|part| {
                    let text = part.scalar().unwrap_or_default();
                    match path::source(text) {
                        Some(source)
                            if source.field > 0
                                || !source.parts.is_empty()
                                || source.root == "$" =>
                        {
                            JoinPart::Source(source)
                        }
                        _ => JoinPart::Literal(text.to_owned()),
                    }
                })
                .collect()
        });
        let given = usize::from(kind.is_some())
            + usize::from(constant.is_some())
            + usize::from(join.is_some());
        if given > 1 {
            self.error(node.line, "a row has one of `as`, `value` and `join`");
        }
        let default = self.text(&entries, "default");
        let value = match (constant, join) {
            (Some(constant), _) => RowValue::Constant(constant),
            (None, Some(parts)) => RowValue::Join(parts),
            (None, None) => RowValue::As(kind),
        };
        if from.is_none()
            && entries.get("from").is_none()
            && matches!(value, RowValue::As(_))
            && default.is_none()
        {
            self.error(
                node.line,
                "a row without `from` needs `value`, `join` or `default`",
            );
        }
        let codes = self.text(&entries, "codes");
        let replaces = self.flag(&entries, "replace");
        let to = to?;
        (self.errors.len() == errors).then_some(Row {
            file: self.number,
            line: node.line,
            from,
            to,
            to_text,
            condition,
            value,
            codes,
            default,
            replaces,
            over,
        })
    }
}
