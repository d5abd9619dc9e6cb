//! Target paths of guide and maps made comparable: the names of a path, without item numbers.
//!
//! Item numbers tell items apart within one table only, so that the guide's `identifier[2]` may be a map's `identifier[1]`.

use crate::maps::path::Step;

/// The names along a path; a resource of its own stands in parentheses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) names: Vec<String>,
    /// The path begins with a number: it means the n-th of several resources of the table.
    pub(super) sibling: bool,
    /// A constant that the guide writes into its path: `status="finished"`.
    pub(super) constant: Option<String>,
}

impl Target {
    /// Reads a path of the guide, of which some lack a parenthesis or have spaces around them.
    pub(super) fn of_guide(text: &str) -> Target {
        let (path, constant) = match text.split_once('=') {
            Some((path, constant)) => (path, Some(constant.trim().trim_matches('"').to_owned())),
            None => (text, None),
        };
        let path = path.trim();
        let mut target = Target {
            names: Vec::new(),
            sibling: path.starts_with('['),
            constant,
        };
        let (mut name, mut resource) = (String::new(), false);
        let mut chars = path.chars();
        while let Some(c) = chars.next() {
            match c {
                '[' => {
                    let _ = chars.by_ref().find(|c| matches!(c, ']' | '}'));
                }
                '.' | '(' | ')' => {
                    target.push(&mut name, resource);
                    resource = c == '(';
                }
                _ => name.push(c),
            }
        }
        target.push(&mut name, resource);
        target
    }

    fn push(&mut self, name: &mut String, resource: bool) {
        let name = std::mem::take(name);
        if name.is_empty() || name == "$this" || name == "$value" {
            return;
        }
        if resource {
            // `partOf.reference(Location)` is what the maps write as `partOf(Location)`.
            if self.names.last().is_some_and(|last| last == "reference") {
                self.names.pop();
            }
            self.names.push(format!("({name})"));
        } else {
            self.names.push(name);
        }
    }

    /// The names of a map's target path.
    pub(super) fn of_map(steps: &[Step]) -> Vec<String> {
        steps
            .iter()
            .map(|step| match step {
                Step::Element { name, .. } | Step::All { name } => name.clone(),
                Step::Resource { name } => format!("({name})"),
            })
            .collect()
    }
}

/// What is left of a path within the innermost resource of that kind.
pub(super) fn within<'n>(names: &'n [String], kind: &str) -> &'n [String] {
    let opened = format!("({kind})");
    match names.iter().rposition(|name| *name == opened) {
        Some(at) => &names[at + 1..],
        None => names,
    }
}
