//! A site's overlay: what it changes, and how its mistakes are told.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Conversion, ConvertOptions, MapSource, Mapper};
use kiln_hl7::{Index, Message};
use serde_json::Value;

const MESSAGE: &str = "map: ADT_A01
events: [ADT^A01]
structure: [MSH, EVN, PID, PV1]
resources:
  - { name: Patient, per: PID, from: [\"PID[Patient]\"], id: [[PID-3.1]] }
";
const PATIENT: &str = "map: PID[Patient]
of: PID
to: Patient
rows:
  - { from: PID-3, to: 'identifier[1]', as: 'CX[Identifier]' }
  - { from: PID-5.1, to: 'name[1].family', as: string }
  - { from: PID-7, to: birthDate, as: date }
  - { from: PID-8, to: gender, as: code, codes: Sex }
  - { from: PID-29, to: deceasedDateTime, as: dateTime }
";
const IDENTIFIER: &str = "map: CX[Identifier]
of: CX
to: Identifier
rows:
  - { from: CX.4, to: system, as: hd-uri }
  - { from: CX.1, to: value, as: string }
";
const SEX: &str = "map: Sex\ncodes:\n  F: female\n  M: male\n";

fn base() -> Mapper {
    let source = |path, text| MapSource { path, text };
    Mapper::load(&[
        source("messages/ADT_A01.yaml", MESSAGE),
        source("segments/PID[Patient].yaml", PATIENT),
        source("datatypes/CX[Identifier].yaml", IDENTIFIER),
        source("codes/Sex.yaml", SEX),
    ])
    .unwrap()
}

fn overlaid(text: &str) -> Mapper {
    base()
        .overlaid(&[MapSource {
            path: "site.yaml",
            text,
        }])
        .unwrap_or_else(|errors| panic!("{errors}"))
}

fn errors(text: &str) -> String {
    let overlay = MapSource {
        path: "site.yaml",
        text,
    };
    base().overlaid(&[overlay]).unwrap_err().to_string()
}

const SENT: &str = "MSH|^~\\&|ADT|NORTH|||20260102030405||ADT^A01|1|P|2.5\r\
    PID|1||77^^^NORTH^MR||Marlow^Ida||19700101|W|||||||||||||||||||||20260101120000\r\
    PV1|1|I\rZPD|N|2.5 mg\r";

fn patient(mapper: &Mapper, message: &str) -> Value {
    let mut index = Index::new();
    let message = Message::parse(message.as_bytes(), &mut index).unwrap();
    let mut conversion = Conversion::new();
    mapper
        .convert(&message, &ConvertOptions::default(), &mut conversion)
        .unwrap();
    let resource = conversion.resources().next().unwrap();
    serde_json::from_slice(resource.json).unwrap()
}

#[test]
fn a_z_segment_is_mapped() {
    let mapper = overlaid(
        "map: ZPD[Patient]
of: ZPD
to: Patient
apply: [Patient]
rows:
  - { from: ZPD-1, if: 'ZPD-1 EQUALS \"N\"', to: active, value: 'false' }
  - { from: ZPD-2, to: 'extension[1].valueString', as: string }
  - { from: ZPD-2, to: 'extension[1].url', value: 'http://example.org/dose' }
",
    );
    let patient = patient(&mapper, SENT);
    assert_eq!(patient["active"], false);
    assert_eq!(patient["extension"][0]["valueString"], "2.5 mg");
    assert_eq!(patient["name"][0]["family"], "Marlow");
}

#[test]
fn rows_are_added_replaced_and_removed() {
    let text = "map: PID[Patient]
rows:
  - { from: PID-5.2, to: 'name[1].given', as: string }
  - { from: PID-7, to: birthDate, as: date, if: 'PID-7 EQUALS \"19700102\"' }
  - { from: PID-2, to: gender, value: other, replace: true }
  - { to: gender, value: unknown }
remove:
  - { from: PID-29 }
";
    let mapper = overlaid(text);
    let patient = patient(&mapper, SENT);
    assert_eq!(patient["name"][0]["given"][0], "Ida");
    assert!(
        patient["birthDate"].is_null(),
        "replaced by its own from and to"
    );
    assert_eq!(patient["gender"], "unknown", "the table's row is gone");
    assert!(patient["deceasedDateTime"].is_null());
    assert_ne!(mapper.version(), base().version());
    assert_eq!(mapper.version(), overlaid(text).version());
}

#[test]
fn an_added_row_wins_over_those_there_were() {
    let mapper = overlaid(
        "map: PID[Patient]\nrows:\n  - { from: PID-2.1, to: 'name[1].family', as: string }\n",
    );
    let sent = SENT.replace("PID|1||", "PID|1|Vane|");
    assert_eq!(patient(&mapper, &sent)["name"][0]["family"], "Vane");
    assert_eq!(patient(&mapper, SENT)["name"][0]["family"], "Marlow");
}

#[test]
fn a_local_code_table_translates_and_has_a_default() {
    assert!(patient(&base(), SENT)["gender"].is_null());
    let mapper = overlaid("map: Sex\ncodes:\n  W: female\ndefault: unknown\n");
    assert_eq!(patient(&mapper, SENT)["gender"], "female");
    assert_eq!(
        patient(&mapper, &SENT.replace("|W|", "|M|"))["gender"],
        "male"
    );
    assert_eq!(
        patient(&mapper, &SENT.replace("|W|", "|X9|"))["gender"],
        "unknown"
    );
}

#[test]
fn identifier_systems_and_time_zone_are_the_sites() {
    let mapper = overlaid("timeZone: '+05:30'\nidentifierSystems:\n  NORTH: urn:oid:2.999.1.7\n");
    let patient = patient(&mapper, SENT);
    assert_eq!(
        patient["identifier"][0]["system"], "urn:oid:2.999.1.7",
        "{patient}"
    );
    assert_eq!(patient["deceasedDateTime"], "2026-01-01T12:00:00+05:30");
}

#[test]
fn filters_drop_what_they_describe() {
    let mapper = overlaid(
        "filters:
  - { name: training, drop: 'MSH-11 EQUALS \"T\"' }
  - { name: no-patient, drop: 'PID NOT VALUED AND EVENT EQUALS \"A01\"' }
",
    );
    let dropped = |text: &str| {
        let mut index = Index::new();
        let message = Message::parse(text.as_bytes(), &mut index).unwrap();
        mapper
            .filter(&message, &mut Conversion::new())
            .map(str::to_owned)
    };
    assert_eq!(dropped(SENT), None);
    assert_eq!(
        dropped(&SENT.replace("|P|2.5", "|T|2.5")).as_deref(),
        Some("training")
    );
    assert_eq!(
        dropped(&SENT.replace("PID|", "ZID|")).as_deref(),
        Some("no-patient")
    );
}

#[test]
fn a_message_is_added_and_an_event_moved() {
    let mapper = overlaid(
        "map: ZZZ_Z01
events: [ZZZ^Z01, ADT^A01]
structure: [MSH, PID]
resources:
  - { name: Patient, per: PID, from: [\"PID[Patient]\"], id: [[PID-3.1]] }
",
    );
    let sent = SENT.replace("ADT^A01", "ZZZ^Z01");
    assert_eq!(patient(&mapper, &sent)["birthDate"], "1970-01-01");
    assert_eq!(patient(&mapper, SENT)["birthDate"], "1970-01-01");
}

/// Each kind of mistake, in a file of its own, as a person reads it.
#[test]
fn mistakes_are_told_with_file_line_and_nearest_name() {
    let cases = [
        ("not-yaml", "map: [PID"),
        (
            "no-kind",
            "map: PID[Patient]\nrow:\n  - { from: PID-8, to: gender, as: code }\n",
        ),
        ("unknown-key", "map: PID[Patient]\nrows: []\nremoves: []\n"),
        (
            "unknown-map",
            "map: PID[Patiant]\nrows:\n  - { from: PID-8, to: gender, as: code }\n",
        ),
        (
            "unknown-element",
            "map: PID[Patient]\nrows:\n  - { from: PID-8, to: gendre, as: code }\n",
        ),
        (
            "unknown-target-of-replace",
            "map: PID[Patient]\nrows:\n  - { from: PID-7, to: birthData, as: date, replace: true }\n",
        ),
        (
            "nothing-to-remove",
            "map: PID[Patient]\nremove:\n  - { to: birthDates }\n  - { from: PID-77 }\n",
        ),
        ("another-segment", "map: PID[Patient]\nof: ZID\nrows: []\n"),
        (
            "unused-segment-map",
            "map: ZPD[Patient]\nof: ZPD\nto: Patient\nrows:\n  - { from: ZPD-1, to: active, as: boolean }\n",
        ),
        (
            "applied-to-nothing",
            "map: ZPD[Patient]\nof: ZPD\nto: Patient\napply: [Patients, ADT_A02.Patient]\nrows:\n  - { from: ZPD-1, to: active, as: boolean }\n",
        ),
        (
            "unknown-table",
            "map: PID[Patient]\nrows:\n  - { from: PID-8, to: gender, as: code, codes: Sexx }\n",
        ),
        ("code-outside-binding", "map: Sex\ncodes:\n  W: feminine\n"),
        ("unknown-code-table", "map: Sez\ndefault: unknown\n"),
        (
            "unknown-resource",
            "map: ADT_A01\nresources:\n  - { name: Patent, from: [\"PID[Patient]\"] }\n",
        ),
        (
            "unknown-applied-map",
            "map: ADT_A01\nresources:\n  - { name: Patient, from: [\"PID[Patien]\"] }\n",
        ),
        ("time-zone", "timeZone: Europe/Berlin\n"),
        (
            "identifier-system",
            "identifierSystems:\n  NORTH: north hospital\n  SOUTH: urn:oid:south\n",
        ),
        (
            "filter",
            "filters:\n  - { name: 'no test!', drop: 'MSH-11 EQUAL T' }\n  - { name: event, drop: 'EVNT EQUALS \"A01\"' }\n",
        ),
    ];
    for (name, text) in cases {
        insta::assert_snapshot!(name, errors(text));
    }
}
