//! The checked-in definitions are those of the code, and they say what an administrator needs.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps;
use kiln_operator::api::{Definition, definitions};
use kiln_tests::reference;

const RENEW: &str = "cargo run -p kiln-operator -- crds --out crds";

fn definition(kind: &str) -> Definition {
    definitions()
        .into_iter()
        .find(|definition| definition.object.spec.names.kind == kind)
        .unwrap()
}

#[test]
fn checked_in_definitions_are_those_of_the_code() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crds");
    let mut expected: Vec<String> = Vec::new();
    for definition in definitions() {
        let name = definition.file_name();
        let found = std::fs::read_to_string(directory.join(&name)).unwrap_or_default();
        assert!(
            found == definition.yaml().unwrap(),
            "crds/{name} differs from the code; renew it with `{RENEW}`"
        );
        expected.push(name);
    }
    let mut found: Vec<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    expected.sort();
    found.sort();
    assert_eq!(
        found, expected,
        "crds/ holds files that no type stands behind"
    );
}

#[test]
fn the_reference_has_every_field() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/resources.md");
    let mut made = String::new();
    for kind in ["Hl7Pipeline", "FhirMapping"] {
        let version = definition(kind).object.spec.versions.remove(0);
        let schema = version.schema.unwrap().open_api_v3_schema.unwrap();
        let spec = serde_json::to_value(&schema.properties.unwrap()["spec"]).unwrap();
        let _ = write!(made, "\n# {kind}\n{}", reference::tables(&spec));
    }
    let renew = "UPDATE_EXPECTED=1 cargo test -p kiln-operator --test definitions";
    reference::check(&page, &made, renew);
}

#[test]
fn every_field_explains_itself() {
    fn walk(path: &str, schema: &JSONSchemaProps, silent: &mut Vec<String>) {
        for (name, property) in schema.properties.iter().flatten() {
            let path = format!("{path}.{name}");
            if property
                .description
                .as_deref()
                .unwrap_or_default()
                .is_empty()
            {
                silent.push(path.clone());
            }
            walk(&path, property, silent);
        }
        if let Some(items) = &schema.items
            && let Some(items) = serde_json::to_value(items)
                .ok()
                .and_then(|value| serde_json::from_value(value).ok())
        {
            walk(&format!("{path}[]"), &items, silent);
        }
    }
    let mut silent = Vec::new();
    for definition in definitions() {
        let schema = definition.object.spec.versions[0]
            .schema
            .clone()
            .unwrap()
            .open_api_v3_schema
            .unwrap();
        walk(&definition.object.spec.names.kind, &schema, &mut silent);
    }
    assert!(
        silent.is_empty(),
        "fields without a text for `kubectl explain`: {silent:#?}"
    );
}

#[test]
fn scale_reaches_the_instances_that_senders_connect_to() {
    let subresources = definition("Hl7Pipeline").object.spec.versions[0]
        .subresources
        .clone()
        .unwrap();
    assert!(subresources.status.is_some());
    let scale = subresources.scale.unwrap();
    assert_eq!(scale.spec_replicas_path, ".spec.listen.replicas");
    assert_eq!(scale.status_replicas_path, ".status.listen.replicas");
    assert_eq!(
        scale.label_selector_path.as_deref(),
        Some(".status.listen.selector")
    );
}

#[test]
fn short_names_and_categories() {
    for (kind, short) in [("Hl7Pipeline", "hp"), ("FhirMapping", "fm")] {
        let names = definition(kind).object.spec.names;
        assert_eq!(names.short_names.unwrap(), [short]);
        assert_eq!(names.categories.unwrap(), ["kiln"]);
    }
}
