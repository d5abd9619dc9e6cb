//! An explanation is of the very bytes that production writes, and names the row and the place of each.
#![allow(clippy::unwrap_used)]

mod support;

use kiln_fhir::{
    Asks, Conversion, ConvertOptions, Explanation, MapSource, Mapper, Note, OffsetFrom, Request,
};
use kiln_hl7::{Index, Message};
use support::fixtures;

fn bundle(conversion: &Conversion) -> Vec<u8> {
    let mut bytes = Vec::new();
    conversion.write_bundle(&mut bytes);
    bytes
}

#[test]
fn what_is_explained_is_what_production_writes() {
    let mapper = Mapper::embedded().unwrap();
    let options = ConvertOptions::default();
    let (mut produced, mut explained) = (Conversion::new(), Conversion::new());
    let mut count = 0;
    for bytes in fixtures() {
        let mut index = Index::new();
        let message = Message::parse(&bytes, &mut index).unwrap();
        let outcome = mapper.convert(&message, &options, &mut produced);
        let explanation = mapper.explain(&message, &options, &mut explained);
        assert_eq!(outcome.is_ok(), explanation.is_ok());
        assert_eq!(bundle(&produced), bundle(&explained));
        assert_eq!(produced.issues(), explained.issues());
        let Ok(explanation) = explanation else {
            continue;
        };
        assert_eq!(explanation.resources.len(), produced.resources().len());
        for (told, resource) in explanation.resources.iter().zip(produced.resources()) {
            assert_eq!(told.resource_type, resource.resource_type);
            assert_eq!(told.id, resource.id);
            let asks = match resource.request {
                Request::Put => Asks::Put,
                Request::CreateIfNoneExist { criteria } => {
                    Asks::CreateIfNoneExist(criteria.to_owned())
                }
                Request::PutIfNoneMatch => Asks::PutIfNoneMatch,
            };
            assert_eq!(told.asks, asks);
            every_primitive_is_told(told, resource.json);
        }
        count += 1;
    }
    assert!(count > 10);
}

/// Every primitive of the JSON has its value and its row, and nothing else is told.
fn every_primitive_is_told(told: &kiln_fhir::ExplainedResource, json: &[u8]) {
    let mut expected = Vec::new();
    let document: serde_json::Value = serde_json::from_slice(json).unwrap();
    primitives(&told.resource_type, &document, &mut expected);
    expected.retain(|(path, _)| !path.ends_with(".resourceType"));
    let mut found: Vec<(String, serde_json::Value)> = told
        .elements
        .iter()
        .map(|e| (e.path.clone(), serde_json::from_str(&e.value).unwrap()))
        .collect();
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(expected, found);
    for element in &told.elements {
        let id = element.path == format!("{}.id", told.resource_type);
        assert_eq!(element.row.is_none(), id, "{} has no row", element.path);
    }
}

fn primitives(path: &str, value: &serde_json::Value, out: &mut Vec<(String, serde_json::Value)>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, value) in members {
                primitives(&format!("{path}.{name}"), value, out);
            }
        }
        serde_json::Value::Array(items) => {
            for (n, item) in items.iter().enumerate() {
                primitives(&format!("{path}[{n}]"), item, out);
            }
        }
        primitive => out.push((path.to_owned(), primitive.clone())),
    }
}

const MAPS: &[(&str, &str)] = &[
    (
        "messages/ADT_A01.yaml",
        "map: ADT_A01
events: [\"ADT^A01\"]
structure: [MSH, PID, PV1]
resources:
  - name: Patient
    per: PID
    from: [\"PID[Patient]\"]
    id: [[\"identifier PID-3\"]]
  - name: Encounter
    per: PV1
    request: mention
    from: [\"PV1[Encounter]\"]
    links: {subject: Patient}
",
    ),
    (
        "segments/PID[Patient].yaml",
        "map: PID[Patient]
of: PID
to: Patient
rows:
  - { from: PID-3, to: \"identifier[1]\", as: \"CX[Identifier]\" }
  - { from: PID-5.1, to: \"name[1].family\" }
  - { from: PID-8, to: gender, as: code, codes: AdministrativeSex, default: unknown }
  - { from: PID-29, if: \"PID-30 VALUED\", to: deceasedDateTime }
",
    ),
    (
        "segments/PV1[Encounter].yaml",
        "map: PV1[Encounter]
of: PV1
to: Encounter
rows:
  - { to: status, value: unknown }
  - { to: class.code, value: AMB }
  - { from: PV1-7, to: \"participant[1].individual(Practitioner)\", as: \"XCN[Practitioner]\" }
",
    ),
    (
        "datatypes/CX[Identifier].yaml",
        "map: CX[Identifier]
of: CX
to: Identifier
rows:
  - { from: CX.1, to: value }
  - { from: CX.4, to: system, as: hd-uri }
",
    ),
    (
        "datatypes/XCN[Practitioner].yaml",
        "map: XCN[Practitioner]
of: XCN
to: Practitioner
rows:
  - { from: XCN.2.1, to: \"name[1].family\" }
",
    ),
    (
        "codes/AdministrativeSex.yaml",
        "map: AdministrativeSex
of: HL70001
codes:
  F: { code: female }
  M: { code: male }
",
    ),
];

fn explain(segments: &str) -> Explanation {
    let sources: Vec<MapSource<'_>> = MAPS
        .iter()
        .map(|(path, text)| MapSource { path, text })
        .collect();
    let mapper = Mapper::load(&sources).unwrap_or_else(|errors| panic!("{errors}"));
    let text = format!("MSH|^~\\&|LAB|GH|||20240301+0100||ADT^A01|7|P|2.5\r{segments}");
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    mapper
        .explain(&message, &ConvertOptions::default(), &mut out)
        .unwrap()
}

/// `path value sources row` of each element with a row.
fn lines(resource: &kiln_fhir::ExplainedResource) -> Vec<String> {
    let told = resource.elements.iter().filter_map(|element| {
        let row = element.row.as_ref()?;
        let sources: Vec<String> = element.sources.iter().map(ToString::to_string).collect();
        Some(format!(
            "{} {} {} {row}",
            element.path,
            element.value,
            sources.join(",")
        ))
    });
    told.collect()
}

#[test]
fn each_element_names_its_value_place_and_row() {
    let explanation = explain("PID|||1^^^A&1.2.3.4&ISO~2||Miller~Smith|||F\r");
    assert_eq!(explanation.map, "messages/ADT_A01.yaml");
    assert_eq!(
        lines(&explanation.resources[0]),
        [
            "Patient.identifier[0].system \"urn:oid:1.2.3.4\" PID-3.4 datatypes/CX[Identifier].yaml:6",
            "Patient.identifier[0].value \"1\" PID-3.1 datatypes/CX[Identifier].yaml:5",
            "Patient.identifier[1].value \"2\" PID-3[2].1 datatypes/CX[Identifier].yaml:5",
            "Patient.name[0].family \"Miller\" PID-5.1 segments/PID[Patient].yaml:6",
            "Patient.name[1].family \"Smith\" PID-5[2].1 segments/PID[Patient].yaml:6",
            "Patient.gender \"female\" PID-8 segments/PID[Patient].yaml:7",
        ]
    );
}

#[test]
fn decisions_are_told() {
    let explanation =
        explain("PID|||1||A|||Q|||||||||||||||||||||20240229101500|Y\rPV1|1|I|||||7^Doe\rPV1|2\r");
    let patient = &explanation.resources[0];
    let notes = |path: &str| {
        let mut elements = explanation.resources.iter().flat_map(|r| &r.elements);
        elements.find(|e| e.path == path).unwrap().notes.clone()
    };
    assert_eq!(patient.asks, Asks::Put);
    assert_eq!(notes("Patient.gender"), [Note::Default]);
    let [Note::Offset(offset, OffsetFrom::Header)] = notes("Patient.deceasedDateTime")[..] else {
        panic!("MSH-7 states the offset");
    };
    assert_eq!(offset.to_string(), "+01:00");
    let dead = patient
        .elements
        .iter()
        .find(|e| e.path.ends_with("deceasedDateTime"));
    assert_eq!(dead.unwrap().conditions[0].to_string(), "PID-30");
    let encounter = &explanation.resources[1];
    assert_eq!(encounter.asks, Asks::PutIfNoneMatch);
    assert_eq!(notes("Encounter.status"), [Note::Constant]);
    assert_eq!(notes("Encounter.subject.reference"), [Note::Reference]);
    let practitioner = &explanation.resources[2];
    assert_eq!(practitioner.resource_type, "Practitioner");
    assert_eq!(practitioner.row, None);
    assert_eq!(
        lines(practitioner),
        ["Practitioner.name[0].family \"Doe\" PV1-7.2.1 datatypes/XCN[Practitioner].yaml:5"]
    );
    assert_eq!(explanation.issues.len(), 1);
    assert_eq!(explanation.issues[0].to_string(), "PID-8: unmapped-code");
}

#[test]
fn what_nothing_used_is_listed_as_high_as_it_is_unused() {
    let explanation = explain("PID|1||1^x^^A||Miller^Jo|\"\"|^|F\rZZ1|a~b\rZZ1|c\r");
    let unused: Vec<String> = explanation
        .unused
        .iter()
        .map(|unused| format!("{} {}", unused.place, unused.value))
        .collect();
    assert_eq!(
        unused,
        [
            "MSH-3 LAB",
            "MSH-4 GH",
            "MSH-7 20240301+0100",
            "MSH-10 7",
            "MSH-11 P",
            "MSH-12 2.5",
            "PID-1 1",
            "PID-3.2 x",
            "PID-5.2 Jo",
            "ZZ1-1 a",
            "ZZ1-1[2] b",
            "ZZ1[2]-1 c",
        ]
    );
}

#[test]
fn every_line_of_a_text_and_every_naming_of_a_resource_is_used() {
    let mapper = Mapper::embedded().unwrap();
    let text = "MSH|^~\\&|LAB|GH|||202401011200+0000||ORU^R01|1|P|2.5.1\rPID|1||7^^^GH\r\
                OBR|1|1|2|2345-7^Glucose^LN||||||||||||9^Ash^Lin^^^^^^GH\rOBX|1|TX|22633-2^Text^LN||one~two~three\r\
                OBR|2|3|4|2823-3^Potassium^LN||||||||||||9^Ash^Lin^^^^^^GH\r";
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mut out = Conversion::new();
    let explained = mapper
        .explain(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let unused: Vec<String> = explained
        .unused
        .iter()
        .map(|unused| unused.place.to_string())
        .filter(|place| !place.starts_with("MSH"))
        .collect();
    assert_eq!(unused, ["PID-1", "OBR-1", "OBR[2]-1"]);
    let lines = explained
        .resources
        .iter()
        .flat_map(|resource| &resource.elements)
        .find(|element| element.path == "Observation.valueString")
        .unwrap();
    assert_eq!(lines.value, r#""one\ntwo\nthree""#);
    let sources: Vec<String> = lines.sources.iter().map(ToString::to_string).collect();
    assert_eq!(sources, ["OBX-5", "OBX-5[2]", "OBX-5[3]"]);
}
