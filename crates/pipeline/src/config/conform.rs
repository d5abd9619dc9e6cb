//! Compares a document with the JSON Schema and reports every mistake with its place and the nearest valid name.
//!
//! Only the part of JSON Schema that the types of this crate give rise to is understood: `type`, `properties`,
//! `additionalProperties`, `items`, `enum`, `const`, `oneOf`, `anyOf`, `minimum`, `maximum`.

use serde_json::Value;

use super::node::{Entry, Kind, Node};
use super::problem::Problem;

/// A name further away than this from every valid one gets the whole list instead of a suggestion.
const NEAREST_MIN_SIMILARITY: f64 = 0.7;

/// Collects the mistakes of one file.
pub(super) struct Conformance<'a> {
    file: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Conformance<'a> {
    pub(super) fn new(file: &'a str) -> Conformance<'a> {
        Conformance {
            file,
            problems: Vec::new(),
        }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Reports what in `node` is not as `schema` says.
    pub(super) fn check(&mut self, node: &Node, schema: &Value, path: &str) {
        if matches!(node.kind, Kind::Null) && allows(schema, "null") {
            return;
        }
        let schema = without_null(schema);
        if let Some(names) = names_of(schema) {
            return self.check_name(node, &names, path);
        }
        let expected = expected_kind(schema);
        match (&node.kind, expected) {
            (Kind::Map(entries), "object") => self.check_map(entries, schema, path),
            (Kind::List(items), "array") => {
                for (at, item) in items.iter().enumerate() {
                    self.check(item, &schema["items"], &format!("{path}[{at}]"));
                }
            }
            (Kind::Integer(value), "integer") => self.check_range(node, *value, schema, path),
            (Kind::Text(_), "string") | (Kind::Bool(_), "boolean") => {}
            _ => {
                let what = format!(
                    "expected {}, found {}",
                    describe(expected),
                    node.kind_name()
                );
                self.report(node, path, what);
            }
        }
    }

    fn check_map(&mut self, entries: &[Entry], schema: &Value, path: &str) {
        let properties = schema["properties"].as_object();
        for entry in entries {
            let path = join(path, &entry.key);
            if let Some(property) = properties.and_then(|all| all.get(&entry.key)) {
                self.check(&entry.value, property, &path);
            } else if schema["additionalProperties"].is_object() {
                self.check(&entry.value, &schema["additionalProperties"], &path);
            } else {
                let names: Vec<&str> = properties
                    .map(|all| all.keys().map(String::as_str).collect())
                    .unwrap_or_default();
                self.problems.push(Problem {
                    file: self.file.to_owned(),
                    line: entry.key_place.line,
                    column: entry.key_place.column,
                    path,
                    what: format!("no such setting; {}", suggest(&entry.key, &names)),
                });
            }
        }
    }

    fn check_name(&mut self, node: &Node, names: &[&str], path: &str) {
        match &node.kind {
            Kind::Text(text) if names.contains(&text.as_str()) => {}
            Kind::Text(text) => {
                self.report(
                    node,
                    path,
                    format!("no such value; {}", suggest(text, names)),
                );
            }
            _ => self.report(node, path, format!("expected one of {}", names.join(", "))),
        }
    }

    fn check_range(&mut self, node: &Node, value: i64, schema: &Value, path: &str) {
        // schemars writes the bounds of unsigned numbers as 0.
        let (least, most) = (number(&schema["minimum"]), number(&schema["maximum"]));
        if let Some(least) = least.filter(|least| value < *least) {
            self.report(
                node,
                path,
                format!("{value} is too small; the least is {least}"),
            );
        }
        if let Some(most) = most.filter(|most| value > *most) {
            self.report(
                node,
                path,
                format!("{value} is too large; the most is {most}"),
            );
        }
    }

    fn report(&mut self, node: &Node, path: &str, what: String) {
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: node.place.line,
            column: node.place.column,
            path: path.to_owned(),
            what,
        });
    }
}

/// A sentence that names the nearest valid name, or all of them when none is near.
fn suggest(name: &str, names: &[&str]) -> String {
    let nearest = names
        .iter()
        .map(|valid| {
            (
                strsim::jaro_winkler(&name.to_lowercase(), &valid.to_lowercase()),
                *valid,
            )
        })
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((similarity, valid)) if similarity >= NEAREST_MIN_SIMILARITY => {
            format!("did you mean `{valid}`?")
        }
        _ => format!("valid are {}", names.join(", ")),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn allows(schema: &Value, kind: &str) -> bool {
    let alternatives = schema["anyOf"].as_array();
    alternatives.is_some_and(|all| all.iter().any(|one| allows(one, kind)))
        || types(schema).contains(&kind)
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The alternative of an optional value that is not `null`.
fn without_null(schema: &Value) -> &Value {
    schema["anyOf"]
        .as_array()
        .and_then(|all| all.iter().find(|one| !types(one).contains(&"null")))
        .unwrap_or(schema)
}

/// The valid values of an enumeration.
fn names_of(schema: &Value) -> Option<Vec<&str>> {
    if let Some(names) = schema["enum"].as_array() {
        return Some(names.iter().filter_map(Value::as_str).collect());
    }
    let alternatives = schema["oneOf"].as_array()?;
    let mut names = Vec::new();
    for one in alternatives {
        match (one["const"].as_str(), one["enum"].as_array()) {
            (Some(name), _) => names.push(name),
            (None, Some(some)) => names.extend(some.iter().filter_map(Value::as_str)),
            (None, None) => return None,
        }
    }
    Some(names)
}

fn expected_kind(schema: &Value) -> &str {
    types(schema)
        .into_iter()
        .find(|kind| *kind != "null")
        .unwrap_or("object")
}

fn describe(kind: &str) -> &str {
    match kind {
        "integer" => "a whole number",
        "boolean" => "true or false",
        "string" => "text (put it in quotes)",
        "array" => "a list",
        _ => "a group of settings",
    }
}

fn number(value: &Value) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation)] // bounds in the schema are small whole numbers
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|float| float as i64))
}
