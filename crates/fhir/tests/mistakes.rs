//! Mistakes in maps are told with file, line and the nearest valid name, all at once.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{MapSource, Mapper};

fn errors(rows: &str) -> Vec<String> {
    let text = format!("map: PID[Patient]\nof: PID\nto: Patient\nrows:\n{rows}");
    let source = MapSource {
        path: "segments/PID[Patient].yaml",
        text: &text,
    };
    let errors = Mapper::load(&[source]).unwrap_err();
    errors.0.iter().map(ToString::to_string).collect()
}

#[test]
fn each_kind_of_mistake_is_told() {
    let cases = [
        (
            "- { from: PID-8, to: gendre, as: code }",
            ":5: `to: gendre`: Patient has no element `gendre`; did you mean `gender`?",
        ),
        (
            "- { form: PID-8, to: gender, value: male }",
            ":5: unknown key `form`; did you mean `from`?",
        ),
        (
            "- { from: PID-8, to: gender, value: femal }",
            "the code `femal` is outside the required binding; did you mean `female`?",
        ),
        (
            "- { from: PID-8, to: gender, as: boolean }",
            "`as: boolean` does not fit code",
        ),
        (
            "- { from: PID-8, to: 'birthDate[1]' }",
            "Patient.birthDate is no list",
        ),
        ("- { from: PID-8, to: 'identifier[1' }", "`[` is not closed"),
        (
            "- { from: PID-8, to: 'managingOrganization(Organisation).name' }",
            "did you mean `Organization`?",
        ),
        (
            "- { from: PID-8, to: 'managingOrganization(Organization.name' }",
            "`(` is not closed",
        ),
        (
            "- { from: PID-8, to: gender, if: 'PID-8 EQUAL M' }",
            "lacks a quoted value",
        ),
        (
            "- { from: PID-8, to: gender, codes: Sex }",
            "there is no code table `Sex`",
        ),
        (
            "- { from: PID-3, to: 'identifier[1]', as: 'CX[Identifer]' }",
            "is no primitive type and no data type map",
        ),
        (
            "- { from: PID-3, to: 'identifier[1]' }",
            "which needs `as:` with a data type map",
        ),
        (
            "- { from: 'pid 3', to: active }",
            "is no path such as PID-3",
        ),
    ];
    for (row, expected) in cases {
        let errors = errors(row);
        assert!(
            errors.iter().any(|error| error.contains(expected)),
            "{row}: {errors:#?}"
        );
    }
}

#[test]
fn a_part_that_is_none_is_told_where_it_is_named() {
    let message = "map: ADT_A01
events: [ADT^A01]
structure: [MSH, PID]
resources:
  - { part: Patien, in: VISIT }
  - { part: Patient, request: mentioned }
skip:
  - { part: Patient, in: VISIT }
";
    let part = "part: Patient\nresources:\n  - { name: Patient, per: PID, from: [] }\n";
    let errors = Mapper::load(&[
        MapSource {
            path: "messages/ADT_A01.yaml",
            text: message,
        },
        MapSource {
            path: "parts/Patient.yaml",
            text: part,
        },
    ])
    .unwrap_err();
    let told: Vec<String> = errors.0.iter().map(ToString::to_string).collect();
    for expected in [
        "messages/ADT_A01.yaml:5: there is no part `Patien`; did you mean `Patient`?",
        "messages/ADT_A01.yaml:6: `request: mentioned` is neither `authority` nor `mention`",
        "messages/ADT_A01.yaml:8: unknown key `in`",
    ] {
        assert!(
            told.iter().any(|error| error.starts_with(expected)),
            "{told:#?}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    assert_eq!(
        errors(
            "- { from: PID-8, to: a }\n- { from: PID-8, to: b }\n- { from: PID-8, to: c, x: y }\n"
        )
        .len(),
        4
    );
}
