//! Segment and data type maps of an overlay: rows laid over those that there are, and maps applied to resources.

use super::overlay::Merge;
use crate::maps::model::{Application, FieldMap, Row};
use crate::maps::overlay::{FieldChange, Head, Removal};
use crate::nearest;

impl Merge<'_> {
    /// A new map, or a changed one; a new segment map wants to be applied.
    pub(super) fn field(&mut self, change: FieldChange) -> Option<(Head, Vec<(u32, String)>)> {
        let known = self.maps.fields.get_mut(&change.head.name);
        if let Some(map) = known.filter(|_| !change.head.replaces) {
            let wrong = lay(map, &change);
            for (line, message) in wrong {
                self.error(change.head.file, line, message);
            }
            self.apply(&change.head, &change.apply);
            return None;
        }
        let head = change.head;
        let (Some(of), Some(to)) = (change.of, change.to) else {
            let names: Vec<String> = self.maps.fields.keys().cloned().collect();
            self.unknown(&head, &names, "`of` and `to`");
            return None;
        };
        let reads = |row: &Row| {
            row.from
                .as_ref()
                .is_some_and(|f| f.root == of && f.field > 0)
        };
        let segment = change.rows.iter().any(reads);
        let map = FieldMap {
            file: head.file,
            line: head.line,
            segment,
            of,
            to,
            rows: change.rows,
            tables: Vec::new(),
            skips: Vec::new(),
        };
        self.maps.fields.insert(head.name.clone(), map);
        segment.then_some((head, change.apply))
    }

    /// A map that nothing applies is a mistake.
    pub(super) fn used(&mut self, head: &Head, apply: &[(u32, String)]) {
        self.apply(head, apply);
        let applied = self.maps.messages.iter().any(|message| {
            let mut from = message.resources.iter().flat_map(|resource| &resource.from);
            from.any(|application| application.map == head.name)
        });
        if !applied && apply.is_empty() {
            let message = format!(
                "nothing applies `{}`: name resources in `apply`, or the map in a resource's `from`",
                head.name
            );
            self.error(head.file, head.line, message);
        }
    }

    /// `Patient`: the resource of that name of every message; `ADT_A01.Patient`: of one.
    fn apply(&mut self, head: &Head, apply: &[(u32, String)]) {
        for (line, target) in apply {
            let (message, resource) = match target.split_once('.') {
                Some((message, resource)) => (Some(message), resource),
                None => (None, target.as_str()),
            };
            let mut found = false;
            let mut names = Vec::new();
            for map in &mut self.maps.messages {
                if message.is_some_and(|message| message != map.name) {
                    names.push(format!("{}.{resource}", map.name));
                    continue;
                }
                for known in &mut map.resources {
                    names.push(match message {
                        Some(message) => format!("{message}.{}", known.name),
                        None => known.name.clone(),
                    });
                    if known.name == resource {
                        found = true;
                        known.from.push(Application {
                            file: head.file,
                            line: *line,
                            map: head.name.clone(),
                            each: None,
                            condition: None,
                            links: Vec::new(),
                        });
                    }
                }
            }
            if !found {
                let hint = nearest::hint(target, names);
                self.error(
                    head.file,
                    *line,
                    format!("`apply`: no message has a resource `{target}`{hint}"),
                );
            }
        }
    }
}

/// Lays rows over those of a map; answers what is wrong.
fn lay(map: &mut FieldMap, change: &FieldChange) -> Vec<(u32, String)> {
    let mut wrong = Vec::new();
    let name = &change.head.name;
    for (given, known) in [(&change.of, &map.of), (&change.to, &map.to)] {
        if let Some(given) = given.as_ref().filter(|given| *given != known) {
            wrong.push((
                change.head.line,
                format!(
                    "`{name}` is a map of {} to {}, not `{given}`; `replace: true` puts another in its place",
                    map.of, map.to
                ),
            ));
        }
    }
    let hint =
        |map: &FieldMap, to: &str| nearest::hint(to, map.rows.iter().map(|row| &row.to_text));
    for removal in &change.removed {
        let before = map.rows.len();
        map.rows.retain(|row| !removal.takes(row));
        if map.rows.len() == before {
            let near = removal.to.as_ref().map(|(_, text)| hint(map, text));
            let near = near.unwrap_or_default();
            wrong.push((
                removal.line,
                format!("`remove`: `{name}` has no such row{near}"),
            ));
        }
    }
    let replaces =
        |new: &Row, row: &Row| row.to == new.to && (new.replaces || row.from == new.from);
    // What an overlay adds goes before what there is, so that it wins where only one can.
    let mut rows: Vec<Row> = Vec::new();
    let mut placed: Vec<(usize, &Row)> = Vec::new();
    for new in &change.rows {
        if let Some(at) = map.rows.iter().position(|row| replaces(new, row)) {
            placed.push((at, new));
            continue;
        }
        if new.replaces {
            let near = hint(map, &new.to_text);
            let to = &new.to_text;
            wrong.push((
                new.line,
                format!("`replace`: no row of `{name}` goes to `{to}`{near}"),
            ));
        }
        rows.push(new.clone());
    }
    for (at, row) in map.rows.iter().enumerate() {
        rows.extend(
            placed
                .iter()
                .filter(|(place, _)| *place == at)
                .map(|(_, new)| (*new).clone()),
        );
        if !change.rows.iter().any(|new| replaces(new, row)) {
            rows.push(row.clone());
        }
    }
    map.rows = rows;
    wrong
}

impl Removal {
    fn takes(&self, row: &Row) -> bool {
        let from = self
            .from
            .as_ref()
            .is_none_or(|from| row.from.as_ref() == Some(from));
        let to = self
            .to
            .as_ref()
            .is_none_or(|(to, _)| row.to.starts_with(to));
        from && to
    }
}
