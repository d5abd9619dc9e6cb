//! JSON Schemas of all that an API server knows, for kubeconform, which would fetch them from the internet.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

/// Writes one for each kind of an `OpenAPI` document, under the name by which kubeconform asks for it, with all that it refers
/// to.
pub(crate) fn write_schemas(openapi: &Value, directory: &Path) {
    let definitions = &openapi["definitions"];
    for (name, definition) in definitions.as_object().unwrap() {
        let kinds = definition["x-kubernetes-group-version-kind"].as_array();
        // What belongs to several groups, as options of a deletion do, is no object of its own.
        let Some([kind]) = kinds.map(Vec::as_slice) else {
            continue;
        };
        let mut schema = strict(definition);
        schema["definitions"] = closure(name, definitions);
        std::fs::write(directory.join(file(kind)), schema.to_string()).unwrap();
    }
}

/// `deployment-apps-v1.json`, `service-v1.json`: of a group the first part.
fn file(kind: &Value) -> String {
    let text = |field: &str| kind[field].as_str().unwrap_or_default().to_lowercase();
    let group = text("group");
    let parts = [
        text("kind"),
        group.split('.').next().unwrap_or_default().to_owned(),
        text("version"),
    ];
    let named: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|part| !part.is_empty())
        .collect();
    format!("{}.json", named.join("-"))
}

/// Everything that a definition refers to, directly or not.
fn closure(name: &str, definitions: &Value) -> Value {
    let (mut seen, mut next) = (BTreeSet::new(), vec![name.to_owned()]);
    while let Some(name) = next.pop() {
        if seen.insert(name.clone()) {
            references(&definitions[&name], &mut next);
        }
    }
    let schemas: BTreeMap<&String, Value> = seen
        .iter()
        .map(|name| (name, strict(&definitions[name])))
        .collect();
    json!(schemas)
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            found.extend(
                reference
                    .and_then(|path| path.strip_prefix("#/definitions/"))
                    .map(str::to_owned),
            );
            for field in fields.values() {
                references(field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// As Kubernetes means it: an object has no other fields, and a port may be a number or a name.
fn strict(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) if fields.get("format") == Some(&json!("int-or-string")) => {
            json!({"type": ["integer", "string"]})
        }
        Value::Object(fields) => {
            let mut made: Map<String, Value> = fields
                .iter()
                .map(|(name, field)| (name.clone(), strict(field)))
                .collect();
            // `properties` may itself be the name of a field, as it is in the schema of schemas.
            let is_object = fields.get("properties").is_some_and(Value::is_object)
                && fields.get("type") == Some(&json!("object"));
            if is_object && !fields.contains_key("additionalProperties") {
                made.insert("additionalProperties".to_owned(), json!(false));
            }
            Value::Object(made)
        }
        Value::Array(items) => Value::Array(items.iter().map(strict).collect()),
        other => other.clone(),
    }
}
