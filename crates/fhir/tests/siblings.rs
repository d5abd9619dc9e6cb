//! One occurrence of a group reads and refers to nothing of another.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Conversion, ConvertOptions, MapSource, Mapper};
use kiln_hl7::{Index, Message};
use serde_json::Value;

const MAPS: &[(&str, &str)] = &[
    (
        "messages/ORU_R01.yaml",
        r#"
map: ORU_R01
events: ["ORU^R01"]
structure: [MSH, {group: PATIENT, of: [PID]}, {group: "ORDER*", of: [{group: COMMON, of: [ORC]}, OBR, {group: "SPECIMEN*", of: [SPM]}]}]
resources:
  - { name: Patient, per: PATIENT.PID, from: ["PID[Patient]"] }
  - name: ServiceRequest
    per: ORDER
    from: ["ORC[ServiceRequest]", "OBR[ServiceRequest]"]
    links: { subject: Patient, "specimen[1]": Specimen }
  - { name: Specimen, per: ORDER.SPECIMEN, from: ["SPM[Specimen]"] }
"#,
    ),
    (
        "segments/PID[Patient].yaml",
        "map: PID[Patient]\nof: PID\nto: Patient\nrows:\n  - { from: PID-5.1, to: \"name[1].family\" }\n",
    ),
    (
        "segments/ORC[ServiceRequest].yaml",
        "map: ORC[ServiceRequest]\nof: ORC\nto: ServiceRequest\nrows:\n  - { to: status, value: active }\n  - { to: intent, value: order }\n  - { from: ORC-2, to: requisition.value }\n",
    ),
    (
        "segments/OBR[ServiceRequest].yaml",
        "map: OBR[ServiceRequest]\nof: OBR\nto: ServiceRequest\nrows:\n  - { from: OBR-4.1, to: code.text }\n",
    ),
    (
        "segments/SPM[Specimen].yaml",
        "map: SPM[Specimen]\nof: SPM\nto: Specimen\nrows:\n  - { from: SPM-2, to: \"identifier[1].value\" }\n",
    ),
];

#[test]
fn an_order_without_orc_and_specimen_takes_none_from_its_neighbours() {
    let sources: Vec<MapSource<'_>> = MAPS
        .iter()
        .map(|(path, text)| MapSource { path, text })
        .collect();
    let mapper = Mapper::load(&sources).unwrap_or_else(|errors| panic!("{errors}"));
    let text = "MSH|^~\\&|LAB|GH|||20240301||ORU^R01|1|P|2.5\rPID|||1||Miller\r\
        ORC|RE|A1\rOBR|1|||X\rSPM|1|S1\rOBR|2|||Y\rORC|RE|A3\rOBR|3|||Z\rSPM|1|S3\r";
    let (mut index, mut out) = (Index::new(), Conversion::new());
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    mapper
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let requests: Vec<Value> = out
        .resources()
        .filter(|resource| resource.resource_type == "ServiceRequest")
        .map(|resource| serde_json::from_slice(resource.json).unwrap())
        .collect();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0]["requisition"]["value"], "A1");
    assert_eq!(requests[1]["code"]["text"], "Y");
    assert_eq!(requests[1]["requisition"], Value::Null);
    assert_eq!(requests[1]["specimen"], Value::Null);
    assert_eq!(requests[2]["requisition"]["value"], "A3");
    assert_ne!(requests[0]["specimen"], requests[2]["specimen"]);
    assert!(
        requests
            .iter()
            .all(|request| request["subject"].is_object())
    );
}
