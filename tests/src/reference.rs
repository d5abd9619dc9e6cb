//! A reference of settings, made from the schema that checks them, so that it cannot say otherwise.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::Value;

/// Behind this line a page is made from a schema.
const MADE_BELOW: &str = "<!-- From here on this page is made from the code";

/// Every setting of a JSON Schema without references, a table for each that has no other above it: its path, the values
/// that it takes, and what it is.
pub fn tables(schema: &Value) -> String {
    let mut text = String::new();
    for (name, property) in properties(schema) {
        let _ = write!(
            text,
            "\n## {name}\n{}\n",
            description(property).replace('\n', " ")
        );
        let mut rows = String::new();
        below(name, property, &mut rows);
        if rows.is_empty() {
            let _ = writeln!(text, "\nTakes: {}.", takes(property));
        } else {
            let _ = write!(text, "\n| setting | takes | is |\n|---|---|---|\n{rows}");
        }
    }
    text
}

/// Compares the part of a page that is made with what is to be there, or with `UPDATE_EXPECTED=1` writes it.
///
/// # Panics
/// When they differ; it says how to renew the page.
pub fn check(page: &Path, made: &str, renew: &str) {
    let text = fs::read_to_string(page).expect("the page");
    let (written, below) = text.split_once(MADE_BELOW).expect("the line");
    let (line, found) = below.split_once('\n').expect("its end");
    if env::var_os("UPDATE_EXPECTED").is_some() {
        fs::write(page, format!("{written}{MADE_BELOW}{line}\n{made}")).expect("the page");
        return;
    }
    assert!(
        found == made,
        "{} differs from the code; renew it with `{renew}`",
        page.display()
    );
}

fn properties(schema: &Value) -> impl Iterator<Item = (&str, &Value)> {
    schema["properties"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, property)| (name.as_str(), property))
}

fn below(path: &str, schema: &Value, rows: &mut String) {
    let (path, schema) = match schema.get("items") {
        Some(items) => (format!("{path}[]"), items),
        None => (path.to_owned(), schema),
    };
    for (name, property) in properties(schema) {
        let path = format!("{path}.{name}");
        let about = description(property).replace('\n', " ").replace('|', "\\|");
        let _ = writeln!(rows, "| `{path}` | {} | {about} |", takes(property));
        below(&path, property, rows);
    }
}

fn description(schema: &Value) -> String {
    schema["description"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// The values that a setting takes, in words.
fn takes(schema: &Value) -> String {
    let preset = match &schema["default"] {
        Value::Null | Value::Object(_) => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        preset => format!(", default `{}`", preset.to_string().trim_matches('"')),
    };
    let choices = choices(schema);
    if !choices.is_empty() {
        return format!("{}{preset}", choices.join(", "));
    }
    if let Some(items) = schema.get("items") {
        return format!("a list: {}{preset}", takes(items));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect(),
    };
    let kind = match kinds.iter().find(|kind| **kind != "null") {
        Some(&"integer") => "a number",
        Some(&"boolean") => "`true`, `false`",
        Some(&"object")
            if schema
                .get("additionalProperties")
                .is_some_and(Value::is_object) =>
        {
            "names and values"
        }
        Some(&"object") => "a group",
        _ => "a text",
    };
    let range = match (schema["minimum"].as_f64(), schema["maximum"].as_f64()) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) if least > 0.0 => format!(", {least} or more"),
        (None, Some(most)) => format!(", at most {most}"),
        _ => String::new(),
    };
    format!("{kind}{range}{preset}")
}

/// The words that are allowed, where only some are.
fn choices(schema: &Value) -> Vec<String> {
    let word = |value: &Value| value.as_str().map(|word| format!("`{word}`"));
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(word).collect();
    }
    for key in ["oneOf", "anyOf"] {
        let inner = schema[key].as_array().into_iter().flatten();
        let found: Vec<String> = inner
            .flat_map(|choice| match word(&choice["const"]) {
                Some(word) => vec![word],
                None => choices(choice),
            })
            .collect();
        if !found.is_empty() {
            return found;
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::tables;

    #[test]
    fn a_setting_has_its_path_its_values_and_what_it_is() {
        let schema = json!({"properties": {
            "name": {"type": ["string", "null"], "description": "Who\nit is."},
            "ports": {"description": "Ways in.", "items": {"properties": {
                "port": {"type": "integer", "minimum": 1, "maximum": 9, "description": "A|B."},
                "lane": {"anyOf": [{"oneOf": [{"const": "a"}, {"const": "b"}]}, {"type": "null"}], "description": "Which."},
                "tls": {"type": "object", "description": "Sealed.", "properties": {
                    "on": {"type": "boolean", "default": false, "description": "Whether."},
                }},
            }}},
        }});
        assert_eq!(
            tables(&schema),
            "\n## name\nWho it is.\n\nTakes: a text.\n\
             \n## ports\nWays in.\n\n| setting | takes | is |\n|---|---|---|\n\
             | `ports[].lane` | `a`, `b` | Which. |\n\
             | `ports[].port` | a number, 1 to 9 | A\\|B. |\n\
             | `ports[].tls` | a group | Sealed. |\n\
             | `ports[].tls.on` | `true`, `false`, default `false` | Whether. |\n"
        );
    }
}
