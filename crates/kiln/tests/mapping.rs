//! `kiln mapping`, as an analyst uses it.

#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;

use kiln_fhir::MapSource;
use serde_json::Value;
use support::{kiln, text};

const MESSAGE: &str = "MSH|^~\\&|ADT|NORTH|||20260102030405||ADT^A01|1|P|2.5\r\
    PID|1||77^^^NORTH^MR||Marlow^Ida||19700101|W\rPV1|1|I\rZPD|1|Ward 7\r";

/// Runs `kiln mapping` and answers exit code, standard output and standard error.
fn mapping<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> (Option<i32>, String, String) {
    let output = kiln().arg("mapping").args(arguments).output().unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output.status.code(), out, err)
}

fn overlay_with(text: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("site.yaml"), text).unwrap();
    directory
}

fn message() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.hl7"), MESSAGE).unwrap();
    directory
}

/// A new overlay with each of its settings uncommented.
fn uncommented(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with("##"));
        let lines: Vec<&str> = lines
            .map(|line| line.strip_prefix("# ").unwrap_or(line))
            .collect();
        fs::write(path, lines.join("\n")).unwrap();
    }
}

#[test]
fn a_new_overlay_is_right_as_it_is_and_with_every_line_uncommented() {
    let top = tempfile::tempdir().unwrap();
    let directory = top.path().join("overlay");
    let path = directory.to_str().unwrap();
    assert_eq!(mapping(&["new-overlay", path]).0, Some(0));
    let (code, out, err) = mapping(&["check", path]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("is right: version"), "{out}");
    uncommented(&directory);
    let (code, _, err) = mapping(&["check", path]);
    assert_eq!(code, Some(0), "{err}");
    // What is there is left alone.
    fs::write(directory.join("codes.yaml"), "# mine\n").unwrap();
    assert_eq!(mapping(&["new-overlay", path]).0, Some(0));
    assert_eq!(
        fs::read_to_string(directory.join("codes.yaml")).unwrap(),
        "# mine\n"
    );
}

#[test]
fn mistakes_name_the_file_that_can_be_opened() {
    let overlay =
        overlay_with("map: PID[Patient]\nrows:\n  - { from: PID-8, to: gendre, as: code }\n");
    let (code, out, err) = mapping(&["check", overlay.path().to_str().unwrap()]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let file = overlay.path().join("site.yaml");
    assert!(
        err.contains(&format!("{}:3: `to: gendre`", file.display())),
        "{err}"
    );
    assert!(err.contains("did you mean `gender`?"), "{err}");
}

#[test]
fn codes_without_an_entry_are_counted() {
    let overlay = overlay_with("timeZone: '+01:00'\n");
    let messages = message();
    let arguments = [
        overlay.path().to_str().unwrap(),
        messages.path().to_str().unwrap(),
        "--json",
    ];
    let (code, out, err) = mapping(&[&["check"][..], &arguments].concat());
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let unmapped = report["unmapped"].as_array().unwrap();
    let sex = unmapped.iter().find(|row| row["code"] == "W").unwrap();
    assert_eq!(sex["count"], 1);
    assert!(sex["field"].as_str().unwrap().starts_with("PID-8"), "{sex}");
}

#[test]
fn a_difference_is_told_element_by_element_without_values() {
    let overlay = overlay_with("map: AdministrativeSex\ncodes:\n  W: female\n");
    let messages = message();
    let sides = [
        "diff",
        "none",
        overlay.path().to_str().unwrap(),
        messages.path().to_str().unwrap(),
    ];
    let (code, out, err) = mapping(&[&sides[..], &["--json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["messages"], &report["differ"]),
        (&1.into(), &1.into())
    );
    let changes = report["changes"].as_array().unwrap();
    let gender: Vec<&Value> = changes
        .iter()
        .filter(|c| c["element"] == "Patient.gender")
        .collect();
    assert_eq!(gender.len(), 1, "{out}");
    assert_eq!(gender[0]["count"], 1);
    assert!(
        gender[0]["first"].get("new").is_none(),
        "no values unless asked for"
    );
    let (_, out, _) = mapping(&[&sides[..], &["--values"]].concat());
    assert!(out.contains("\"female\""), "{out}");
    let same = ["diff", "none", "none", messages.path().to_str().unwrap()];
    assert!(mapping(&same).1.starts_with("1 messages, 0 differ"));
}

#[test]
fn coverage_lists_the_rows_of_a_table() {
    let (code, out, _) = mapping(&["coverage", "--table", "PID[Patient]"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("row   4  PID-2 -> identifier[1]"), "{out}");
    let (code, _, err) = mapping(&["coverage", "--table", "PID[Patent]"]);
    assert_eq!(code, Some(2), "{err}");
}

/// The part of JSON Schema that the schema of maps uses.
fn conforms(schema: &Value, root: &Value, value: &Value) -> bool {
    if let Some(place) = schema["$ref"].as_str() {
        let inner = root.pointer(place.trim_start_matches('#')).unwrap();
        return conforms(inner, root, value);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|one| conforms(one, root, value));
    }
    if let Some(values) = schema["enum"].as_array() {
        return values.contains(value);
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.clone(),
        kind => vec![kind.clone()],
    };
    let kind = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_i64() && kinds.contains(&"integer".into()) => "integer",
        Value::Number(_) => "number",
        Value::Null => "null",
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let inner = match value {
        Value::Object(members) => members.iter().all(|(name, value)| {
            match (
                schema["properties"].get(name),
                &schema["additionalProperties"],
            ) {
                (Some(property), _) => conforms(property, root, value),
                (None, Value::Bool(allowed)) => *allowed,
                (None, Value::Null) => true,
                (None, other) => conforms(other, root, value),
            }
        }),
        Value::Array(items) => items
            .iter()
            .all(|item| conforms(&schema["items"], root, item)),
        _ => true,
    };
    kinds.contains(&kind.into())
        && required
            .iter()
            .all(|name| value.get(name.as_str().unwrap()).is_some())
        && inner
}

#[test]
fn the_schema_takes_every_map_and_each_part_of_an_overlay() {
    let schema: Value = serde_json::from_str(&mapping(&["schema"]).1).unwrap();
    let read = |text: &str| serde_saphyr::from_str::<Value>(text).unwrap();
    for map in MapSource::embedded() {
        assert!(conforms(&schema, &schema, &read(map.text)), "{}", map.path);
    }
    let top = tempfile::tempdir().unwrap();
    assert_eq!(
        mapping(&["new-overlay", top.path().to_str().unwrap()]).0,
        Some(0)
    );
    uncommented(top.path());
    for entry in fs::read_dir(top.path()).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            conforms(&schema, &schema, &read(&text)),
            "{}",
            path.display()
        );
        let wrong = text.replacen("map:", "mapp:", 1);
        assert!(
            wrong == text || !conforms(&schema, &schema, &read(&wrong)),
            "{wrong}"
        );
    }
}

#[test]
fn convert_uses_the_overlay_and_counts_what_it_drops() {
    let messages = message();
    let message = messages.path().join("a.hl7");
    let codes = overlay_with("map: AdministrativeSex\ncodes:\n  W: female\n");
    let filter = overlay_with("filters:\n  - { name: all, drop: 'MSH VALUED' }\n");
    let convert = |overlay: &Path| {
        let mut command = kiln();
        command
            .args(["convert", "--json", "--overlay"])
            .arg(overlay)
            .arg(&message);
        command.output().unwrap()
    };
    let output = convert(codes.path());
    assert!(text(&output.stdout).contains("\"gender\":\"female\""));
    let output = convert(filter.path());
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.is_empty());
    let summary: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(summary["dropped"], 1);
}
