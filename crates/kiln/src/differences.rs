//! Differences of what messages give, element by element.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What became of one message.
pub(crate) enum Outcome {
    Resources(Vec<Resource>),
    Dropped(String),
    Failed(String),
    /// Nothing is known of it.
    Absent,
}

/// Type, id, and the leaves by path with item numbers.
pub(crate) struct Resource {
    kind: String,
    id: String,
    leaves: BTreeMap<String, String>,
}

/// All differences.
#[derive(Serialize)]
pub(crate) struct Report<P> {
    messages: usize,
    /// Messages with a difference.
    differ: usize,
    changes: Vec<Change<P>>,
}

/// One element, and how it changes.
#[derive(Serialize)]
struct Change<P> {
    /// `added`, `removed` or `changed`.
    kind: &'static str,
    /// `Patient.name.family`; a type for a whole resource; `message` for its outcome.
    element: String,
    count: usize,
    first: First<P>,
}

/// Where it is seen first.
#[derive(Serialize)]
struct First<P> {
    #[serde(flatten)]
    place: P,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
}

/// One difference in one message.
pub(crate) struct Difference {
    /// `added`, `removed` or `changed`.
    pub(crate) change: &'static str,
    /// As [`Change`] has it.
    pub(crate) element: String,
    old: Option<String>,
    new: Option<String>,
}

impl Resource {
    /// From its JSON.
    pub(crate) fn read(json: &[u8]) -> Resource {
        Resource::of(&serde_json::from_slice(json).unwrap_or_default())
    }

    /// From its JSON, read.
    pub(crate) fn of(json: &Value) -> Resource {
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        let (kind, id) = (text("resourceType"), text("id"));
        let mut leaves = BTreeMap::new();
        flatten(json, kind.clone(), &mut leaves);
        Resource { kind, id, leaves }
    }
}

fn flatten(value: &Value, path: String, leaves: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                flatten(value, format!("{path}.{name}"), leaves);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                flatten(value, format!("{path}[{n}]"), leaves);
            }
        }
        leaf => {
            leaves.insert(path, leaf.to_string());
        }
    }
}

/// How what a message gives has changed.
pub(crate) fn differences(before: Outcome, after: Outcome) -> Vec<Difference> {
    let (before, after) = match (before, after) {
        (Outcome::Resources(before), Outcome::Resources(after)) => (before, after),
        (before, after) => {
            let (old, new) = (before.told(), after.told());
            let change = Difference {
                change: "changed",
                element: format!("message: {old}, then {new}"),
                old: None,
                new: None,
            };
            return if old == new { Vec::new() } else { vec![change] };
        }
    };
    let mut differences = Vec::new();
    let mut after: Vec<Option<Resource>> = after.into_iter().map(Some).collect();
    let mut left = Vec::new();
    for resource in before {
        match take(&mut after, |other| {
            other.kind == resource.kind && other.id == resource.id
        }) {
            Some(other) => compare(&resource, &other, &mut differences),
            None => left.push(resource),
        }
    }
    // A resource with another id is compared with the next one of its type.
    for resource in left {
        match take(&mut after, |other| other.kind == resource.kind) {
            Some(other) => compare(&resource, &other, &mut differences),
            None => differences.push(whole("removed", resource.kind)),
        }
    }
    differences.extend(
        after
            .into_iter()
            .flatten()
            .map(|other| whole("added", other.kind)),
    );
    differences
}

fn take(from: &mut [Option<Resource>], wanted: impl Fn(&Resource) -> bool) -> Option<Resource> {
    from.iter_mut()
        .find(|other| other.as_ref().is_some_and(&wanted))?
        .take()
}

fn whole(change: &'static str, kind: String) -> Difference {
    Difference {
        change,
        element: kind,
        old: None,
        new: None,
    }
}

fn compare(before: &Resource, after: &Resource, differences: &mut Vec<Difference>) {
    let paths = before.leaves.keys().chain(after.leaves.keys());
    let paths: std::collections::BTreeSet<&String> = paths.collect();
    for path in paths {
        let (old, new) = (before.leaves.get(path), after.leaves.get(path));
        let change = match (old, new) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "changed",
            (None, _) => "added",
            (_, None) => "removed",
        };
        differences.push(Difference {
            change,
            element: element(path),
            old: old.cloned(),
            new: new.cloned(),
        });
    }
}

/// A path without item numbers.
fn element(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|c| {
            inside = *c == '[' || (inside && *c != ']');
            !inside && *c != ']'
        })
        .collect()
}

impl Outcome {
    fn told(&self) -> String {
        match self {
            Outcome::Resources(_) => "converted".to_owned(),
            Outcome::Dropped(filter) => format!("dropped by {filter}"),
            Outcome::Absent => "not emitted".to_owned(),
            Outcome::Failed(reason) => format!("refused ({reason})"),
        }
    }
}

impl<P: fmt::Display> Report<P> {
    pub(crate) fn new() -> Report<P> {
        Report {
            messages: 0,
            differ: 0,
            changes: Vec::new(),
        }
    }

    /// Adds a message's differences; `place` is where it lies.
    pub(crate) fn add(
        &mut self,
        differences: Vec<Difference>,
        place: impl Fn() -> P,
        values: bool,
    ) {
        self.messages += 1;
        self.differ += usize::from(!differences.is_empty());
        for difference in differences {
            let known = self.changes.iter_mut().find(|known| {
                known.kind == difference.change && known.element == difference.element
            });
            if let Some(known) = known {
                known.count += 1;
                continue;
            }
            self.changes.push(Change {
                kind: difference.change,
                element: difference.element,
                count: 1,
                first: First {
                    place: place(),
                    old: difference.old.filter(|_| values),
                    new: difference.new.filter(|_| values),
                },
            });
        }
    }

    /// The most frequent change first.
    pub(crate) fn sort(&mut self) {
        self.changes
            .sort_by(|a, b| (b.count, &a.element, a.kind).cmp(&(a.count, &b.element, b.kind)));
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!("{} messages, {} differ\n", self.messages, self.differ);
        if !self.changes.is_empty() {
            text.push_str("\n   count  change   element, and where it is seen first\n");
        }
        for change in &self.changes {
            let First { place, old, new } = &change.first;
            let values = match (old, new) {
                (None, None) => String::new(),
                (old, new) => format!(
                    ": {} -> {}",
                    old.as_deref().unwrap_or("nothing"),
                    new.as_deref().unwrap_or("nothing")
                ),
            };
            let line = format!(
                "{:>8}  {:<7}  {}  ({place}{values})\n",
                change.count, change.kind, change.element
            );
            text.push_str(&line);
        }
        text
    }
}
