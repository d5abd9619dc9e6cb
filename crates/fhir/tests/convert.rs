//! What maps mean, shown on small maps through the public surface.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Conversion, ConvertError, ConvertOptions, MapSource, Mapper, Request};
use kiln_hl7::{Index, Message};

const MESSAGE_MAP: &str = r#"
map: ADT_A01
events: ["ADT^A01"]
structure: [MSH, PID, "NK1*", PV1, {group: "RESULT*", of: [OBR, {group: "OBSERVATION*", of: [OBX, "NTE*"]}]}]
resources:
  - name: Patient
    per: PID
    from: ["PID[Patient]", {map: "NK1[Patient]", each: NK1}]
    id: [["identifier PID-3"]]
  - name: Encounter
    per: PV1
    from: ["PV1[Encounter]"]
    request: mention
    links: {subject: Patient}
  - name: Observation
    per: RESULT.OBSERVATION
    from: ["OBX[Observation]", {map: "NTE[Observation]", each: NTE}]
    links: {subject: Patient}
  - name: DiagnosticReport
    per: RESULT
    from: ["OBR[DiagnosticReport]"]
    links: {"result[]": Observation}
"#;

const MAPS: &[(&str, &str)] = &[
    ("messages/ADT_A01.yaml", MESSAGE_MAP),
    (
        "segments/PID[Patient].yaml",
        r#"
map: PID[Patient]
of: PID
to: Patient
rows:
  - { from: PID-3, to: "identifier[1]", as: "CX[Identifier]" }
  - { from: PID-5.1, to: "name[1].family" }
  - { from: PID-5.2, to: "name[1].given[1]" }
  - { from: PID-5.3, to: "name[1].given[2]" }
  - { from: PID-7, to: birthDate, as: date }
  - { from: PID-7, if: "PID-7 LENGTH GREATER THAN 8", to: "birthDate.extension[1].url", value: "http://hl7.org/fhir/StructureDefinition/patient-birthTime" }
  - { from: PID-7, if: "PID-7 LENGTH GREATER THAN 8", to: "birthDate.extension[1].valueDateTime", as: dateTime }
  - { from: PID-8, to: gender, as: code, codes: AdministrativeSex }
  - { from: PID-16, to: maritalStatus, as: "CWE[CodeableConcept]", codes: MaritalStatus }
  - { from: PID-24, if: "PID-25 NOT VALUED", to: multipleBirthBoolean, as: boolean }
  - { from: PID-25, to: multipleBirthInteger }
"#,
    ),
    (
        "segments/NK1[Patient].yaml",
        r#"
map: NK1[Patient]
of: NK1
to: Patient
rows:
  - { from: NK1-2.1, to: "contact[1].name.family" }
  - { from: NK1-5, to: "contact[1].telecom[1].value" }
  - { from: NK1-5, to: "contact[1].telecom[1].system", value: phone }
"#,
    ),
    (
        "segments/PV1[Encounter].yaml",
        r#"
map: PV1[Encounter]
of: PV1
to: Encounter
rows:
  - { to: status, value: in-progress }
  - { to: class.code, value: AMB }
  - { from: PV1-7, to: "participant[1].individual(Practitioner)", as: "XCN[Practitioner]" }
"#,
    ),
    (
        "segments/OBX[Observation].yaml",
        r#"
map: OBX[Observation]
of: OBX
to: Observation
rows:
  - { to: status, value: final }
  - { from: OBX-3, to: code, as: "CWE[CodeableConcept]" }
  - { from: OBX-5, if: 'OBX-2 EQUALS "NM"', to: valueQuantity.value, as: decimal }
  - { from: OBX-5, if: 'OBX-2 IN ("ST", "TX")', to: valueString }
"#,
    ),
    (
        "segments/NTE[Observation].yaml",
        r#"
map: NTE[Observation]
of: NTE
to: Observation
rows:
  - { from: NTE-3, to: "note[1].text" }
"#,
    ),
    (
        "segments/OBR[DiagnosticReport].yaml",
        r#"
map: OBR[DiagnosticReport]
of: OBR
to: DiagnosticReport
rows:
  - { to: status, value: final }
  - { from: OBR-4, to: code, as: "CWE[CodeableConcept]" }
"#,
    ),
    (
        "datatypes/CX[Identifier].yaml",
        r#"
map: CX[Identifier]
of: CX
to: Identifier
rows:
  - { from: CX.1, to: value }
  - { from: CX.4, to: system, as: "HD[uri]" }
"#,
    ),
    (
        "datatypes/XCN[Practitioner].yaml",
        r#"
map: XCN[Practitioner]
of: XCN
to: Practitioner
rows:
  - { from: XCN.1, to: "identifier[1].value" }
  - { from: XCN.9, to: "identifier[1].system", as: hd-uri }
  - { from: XCN.2.1, to: "name[1].family" }
"#,
    ),
    (
        "datatypes/CWE[CodeableConcept].yaml",
        r#"
map: CWE[CodeableConcept]
of: CWE
to: CodeableConcept
rows:
  - { from: CWE.1, to: "coding[1].code" }
  - { from: CWE.2, to: "coding[1].display" }
  - { from: CWE.3, to: "coding[1].system", as: system }
  - { from: CWE.9, to: text }
"#,
    ),
    (
        "codes/AdministrativeSex.yaml",
        "map: AdministrativeSex\nof: HL70001\ncodes:\n  F: { code: female, display: Female }\n  M: { code: male }\n",
    ),
    (
        "codes/MaritalStatus.yaml",
        "map: MaritalStatus\nof: HL70002\nsystem: \"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus\"\ncodes:\n  M: { code: M, display: Married }\n",
    ),
    (
        "codes/systems.yaml",
        "map: systems\nof: HL70396\ncodes:\n  LN: { code: \"http://loinc.org\" }\n",
    ),
];

fn mapper() -> Mapper {
    let sources: Vec<MapSource<'_>> = MAPS
        .iter()
        .map(|(path, text)| MapSource { path, text })
        .collect();
    Mapper::load(&sources).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The resources of a message that starts with the usual header.
fn convert(segments: &str) -> Vec<serde_json::Value> {
    let text =
        format!("MSH|^~\\&|LAB|GH|||20240301120000+0100||ADT^A01^ADT_A01|1|P|2.5\r{segments}");
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    mapper()
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    out.resources()
        .map(|resource| serde_json::from_slice(resource.json).unwrap())
        .collect()
}

#[test]
fn items_follow_the_repetitions_of_their_field() {
    let patient = &convert("PID|||1^^^A&2.999.1.3&ISO~2^^^B||Miller^Ann^Bea~Smith^Ann\r")[0];
    assert_eq!(patient["identifier"][0]["system"], "urn:oid:2.999.1.3");
    assert_eq!(patient["identifier"][1]["system"], "urn:kiln:authority:B");
    assert_eq!(patient["identifier"][1]["value"], "2");
    assert_eq!(
        patient["name"][0]["given"],
        serde_json::json!(["Ann", "Bea"])
    );
    assert_eq!(patient["name"][1]["family"], "Smith");
}

#[test]
fn dates_keep_their_precision_and_take_the_offset_of_the_message() {
    let patient = &convert("PID|||1||A||198003041530\r")[0];
    assert_eq!(patient["birthDate"], "1980-03-04");
    assert_eq!(
        patient["_birthDate"]["extension"][0]["valueDateTime"],
        "1980-03-04T15:30:00+01:00"
    );
    let patient = &convert("PID|||1||A||1980\r")[0];
    assert_eq!(patient["birthDate"], "1980");
    assert!(patient.get("_birthDate").is_none());
}

#[test]
fn tables_put_their_coding_first_and_keep_one_of_another_system() {
    let patient = &convert("PID|||1||A|||F||||||||M^Married^HL70002\r")[0];
    assert_eq!(patient["gender"], "female");
    let codings = patient["maritalStatus"]["coding"].as_array().unwrap();
    assert_eq!(
        codings[0]["system"],
        "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"
    );
    assert_eq!(
        codings[1]["system"],
        "http://terminology.hl7.org/CodeSystem/v2-0002"
    );
    let patient = &convert("PID|||1||A||||||||||||M\r")[0];
    assert!(
        patient.get("maritalStatus").is_none()
            || patient["maritalStatus"]["coding"].as_array().unwrap().len() == 1
    );
}

#[test]
fn each_segment_of_a_loop_is_an_item_of_its_own() {
    let patient = &convert("PID|||1\rNK1|1|Roe^Jo|||555~556\rNK1|2|Poe^Al\r")[0];
    assert_eq!(patient["contact"][0]["telecom"][1]["value"], "556");
    assert_eq!(patient["contact"][1]["name"]["family"], "Poe");
    assert!(patient["contact"][1].get("telecom").is_none());
}

#[test]
fn nested_resources_are_written_once_and_referenced() {
    let resources = convert("PID|||1\rPV1||I|||||77^Doe^^^^^^^GH~77^Doe^^^^^^^GH\r");
    let practitioners: Vec<_> = resources
        .iter()
        .filter(|r| r["resourceType"] == "Practitioner")
        .collect();
    assert_eq!(practitioners.len(), 1);
    let encounter = resources
        .iter()
        .find(|r| r["resourceType"] == "Encounter")
        .unwrap();
    let reference = format!("Practitioner/{}", practitioners[0]["id"].as_str().unwrap());
    assert_eq!(
        encounter["participant"][0]["individual"]["reference"],
        reference
    );
    assert!(
        encounter["subject"]["reference"]
            .as_str()
            .unwrap()
            .starts_with("Patient/")
    );
}

#[test]
fn a_person_without_a_system_is_known_by_the_number_or_by_who_names_them() {
    let doctors = |segments: &str| {
        let resources = convert(&format!("PID|1\r{segments}"));
        let doctors = resources
            .iter()
            .filter(|r| r["resourceType"] == "Practitioner");
        doctors
            .map(|doctor| doctor["id"].clone())
            .collect::<Vec<_>>()
    };
    let numbered = doctors("PV1|1||||||7^Ito\r");
    assert_eq!(doctors("PV1|1||||||7^Ito~7^Ito\r"), numbered);
    assert_ne!(doctors("PV1|1||||||7^Ida\r"), numbered);
    let named = doctors("PV1|1||||||^Ito~^Ito\r");
    assert_eq!(named.len(), 2);
    assert_ne!(named[0], named[1]);
    assert_eq!(doctors("PV1|1||||||^Ito~^Ito\r"), named);
}

#[test]
fn groups_decide_which_observation_belongs_to_which_report() {
    let resources = convert(
        "PID|||1\rOBR|1|||A^Panel A^LN\rOBX|1|NM|1^One^LN||05.10\rNTE|1||first\rNTE|2||second\rZXX|1\rOBX|2|ST|2^Two^LN||text\rOBR|2|||B^Panel B^LN\rOBX|1|NM|3^Three^LN||x\r",
    );
    let of = |kind: &str| {
        resources
            .iter()
            .filter(|r| r["resourceType"] == kind)
            .collect::<Vec<_>>()
    };
    let (observations, reports) = (of("Observation"), of("DiagnosticReport"));
    assert_eq!((observations.len(), reports.len()), (3, 2));
    assert_eq!(observations[0]["valueQuantity"]["value"].to_string(), "5.1");
    assert_eq!(observations[0]["note"][1]["text"], "second");
    assert!(observations[1].get("note").is_none());
    assert!(observations[2].get("valueQuantity").is_none());
    assert_eq!(reports[0]["result"].as_array().unwrap().len(), 2);
    assert_eq!(reports[1]["result"].as_array().unwrap().len(), 1);
}

#[test]
fn what_cannot_be_mapped_is_an_issue_without_content() {
    let text = "MSH|^~\\&|LAB|GH|||2024||ADT^A01|1|P|2.5\rPID|||1||A||19809999|Q\r";
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    mapper()
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let issues: Vec<String> = out.issues().iter().map(ToString::to_string).collect();
    assert!(
        issues.contains(&"PID-7: invalid-date".to_owned()),
        "{issues:?}"
    );
    assert!(
        issues.contains(&"PID-8: unmapped-code".to_owned()),
        "{issues:?}"
    );
}

#[test]
fn mentions_are_created_only_where_none_exists() {
    let text = "MSH|^~\\&|LAB|GH|||2024||ADT^A01|1|P|2.5\rPID|||1\rPV1||I|||||77^Doe^^^^^^^GH\r";
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    mapper()
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    for resource in out.resources() {
        match (resource.resource_type, resource.request) {
            ("Patient", Request::Put) | ("Encounter", Request::PutIfNoneMatch) => {}
            ("Practitioner", Request::CreateIfNoneExist { criteria }) => {
                assert_eq!(criteria, "identifier=urn:kiln:authority:GH|77");
            }
            other => panic!("{other:?}"),
        }
    }
    let mut bundle = Vec::new();
    out.write_bundle(&mut bundle);
    let bundle: serde_json::Value = serde_json::from_slice(&bundle).unwrap();
    assert_eq!(bundle["type"], "transaction");
    assert_eq!(bundle["entry"][0]["request"]["method"], "PUT");
}

#[test]
fn a_type_without_a_map_has_a_reason() {
    let mut index = Index::new();
    let message = Message::parse(b"MSH|^~\\&|A|B|||2024||XYZ^Q99|1|P|2.5\r", &mut index).unwrap();
    let error = mapper()
        .convert(&message, &ConvertOptions::default(), &mut Conversion::new())
        .unwrap_err();
    assert_eq!(
        error,
        ConvertError::NoMap {
            message_type: "XYZ^Q99".to_owned()
        }
    );
    assert_eq!(error.reason(), "no-map");
}

#[test]
fn the_same_message_gives_the_same_bytes() {
    let segments = "PID|||1^^^A~2||Miller^Ann\rNK1|1|Roe\rOBR|1|||A^P^LN\rOBX|1|ST|1^O^LN||t\r";
    assert_eq!(convert(segments), convert(segments));
}
