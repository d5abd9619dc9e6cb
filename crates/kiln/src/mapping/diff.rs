//! `kiln mapping diff`

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::{Index, Message};
use kiln_pipeline::mapping::overlay;
use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;
use crate::messages;
use crate::output::print;

/// Show what another overlay would change, element by element, before anyone deploys it
#[derive(Debug, Args)]
#[command(
    long_about = "Converts messages under two overlays and lists the differences of their resources by element, counted. It shows no values unless asked to.",
    after_help = "Examples:\n  kiln mapping diff overlay/ overlay-new/ messages/\n  kiln mapping diff none overlay/ messages/         against Kiln's own maps\n  kiln mapping diff old/ new/ messages/ --json | jq '.changes[]'"
)]
pub(crate) struct Diff {
    /// The overlay as it is, or none
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The overlay as it would be, or none
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Files or directories of messages
    #[arg(required = true, value_name = "MESSAGES")]
    messages: Vec<PathBuf>,
    /// Show the values of the first occurrence of each change: they are content of messages
    #[arg(long)]
    values: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What became of one message.
enum Outcome {
    Resources(Vec<Resource>),
    Dropped(String),
    Failed(String),
}

/// Type, id, and the leaves by path with item numbers.
struct Resource {
    kind: String,
    id: String,
    leaves: BTreeMap<String, String>,
}

/// All differences.
#[derive(Default, Serialize)]
struct Report {
    messages: usize,
    /// Messages with a difference.
    differ: usize,
    changes: Vec<Change>,
}

/// One element, and how it changes.
#[derive(Serialize)]
struct Change {
    /// `added`, `removed` or `changed`.
    kind: &'static str,
    /// `Patient.name.family`; a type for a whole resource; `message` for its outcome.
    element: String,
    count: usize,
    first: First,
}

/// Where it is seen first.
#[derive(Serialize)]
struct First {
    file: String,
    /// From 1.
    message: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<String>,
}

/// One difference in one message.
struct Difference {
    change: &'static str,
    element: String,
    old: Option<String>,
    new: Option<String>,
}

impl Diff {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let base = Mapper::embedded().map_err(Failure::stopped)?;
        let (old, new) = (side(&base, &self.old)?, side(&base, &self.new)?);
        let mut report = Report::default();
        let (mut index, mut conversion) = (Index::new(), Conversion::new());
        for input in messages::inputs(&self.messages)? {
            let bytes = input.bytes()?;
            for (n, bytes) in kiln_hl7::batch::messages(&bytes).enumerate() {
                let Ok(message) = Message::parse(bytes, &mut index) else {
                    continue;
                };
                let before = outcome(old.as_ref().unwrap_or(&base), &message, &mut conversion);
                let after = outcome(new.as_ref().unwrap_or(&base), &message, &mut conversion);
                report.add(
                    differences(before, after),
                    &input.name(),
                    n + 1,
                    self.values,
                );
            }
        }
        report
            .changes
            .sort_by(|a, b| (b.count, &a.element, a.kind).cmp(&(a.count, &b.element, b.kind)));
        let text = if self.json {
            serde_json::to_string(&report).map_err(Failure::stopped)? + "\n"
        } else {
            report.text()
        };
        print(text)
    }
}

fn side(base: &Mapper, directory: &Path) -> Result<Option<Mapper>, Failure> {
    if directory.as_os_str() == "none" {
        return Ok(None);
    }
    overlay(base, directory).map(Some).map_err(Failure::wrong)
}

fn outcome(mapper: &Mapper, message: &Message<'_>, conversion: &mut Conversion) -> Outcome {
    if let Some(filter) = mapper.filter(message, conversion) {
        return Outcome::Dropped(filter.to_owned());
    }
    let options = ConvertOptions::default();
    if let Err(error) = mapper.convert(message, &options, conversion) {
        return Outcome::Failed(error.reason().to_owned());
    }
    let resources = conversion.resources().map(|resource| {
        let mut leaves = BTreeMap::new();
        if let Ok(json) = serde_json::from_slice::<Value>(resource.json) {
            flatten(&json, resource.resource_type.to_owned(), &mut leaves);
        }
        Resource {
            kind: resource.resource_type.to_owned(),
            id: resource.id.to_string(),
            leaves,
        }
    });
    Outcome::Resources(resources.collect())
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

fn differences(before: Outcome, after: Outcome) -> Vec<Difference> {
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
            Outcome::Failed(reason) => format!("refused ({reason})"),
        }
    }
}

impl Report {
    fn add(&mut self, differences: Vec<Difference>, file: &str, message: usize, values: bool) {
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
                    file: file.to_owned(),
                    message,
                    old: difference.old.filter(|_| values),
                    new: difference.new.filter(|_| values),
                },
            });
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{} messages, {} differ\n", self.messages, self.differ);
        if !self.changes.is_empty() {
            text.push_str("\n   count  change   element, and where it is seen first\n");
        }
        for change in &self.changes {
            let First {
                file,
                message,
                old,
                new,
            } = &change.first;
            let values = match (old, new) {
                (None, None) => String::new(),
                (old, new) => format!(
                    ": {} -> {}",
                    old.as_deref().unwrap_or("nothing"),
                    new.as_deref().unwrap_or("nothing")
                ),
            };
            let line = format!(
                "{:>8}  {:<7}  {}  ({file}, message {message}{values})\n",
                change.count, change.kind, change.element
            );
            text.push_str(&line);
        }
        text
    }
}
