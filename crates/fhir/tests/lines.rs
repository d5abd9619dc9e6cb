//! Texts of many lines, items that repeat with another field, and items that maps fill together.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Conversion, ConvertOptions, MapSource, Mapper};
use kiln_hl7::{Index, Message};
use serde_json::{Value, json};

const MAPS: &[(&str, &str)] = &[
    (
        "messages/MDM_T02.yaml",
        r#"
map: MDM_T02
events: ["MDM^T02"]
structure: [MSH, TXA, {group: "OBSERVATION*", of: [OBX, "NTE*"]}]
resources:
  - name: DocumentReference
    per: TXA
    from: ["TXA[DocumentReference]", {map: "OBX[DocumentReference]", each: OBSERVATION.OBX}]
  - name: Observation
    per: OBSERVATION
    from: ["OBX[Observation]", {map: "NTE[Observation]", each: NTE}]
"#,
    ),
    (
        "segments/TXA[DocumentReference].yaml",
        "map: TXA[DocumentReference]\nof: TXA\nto: DocumentReference\nrows:\n  - { to: status, value: current }\n  - { from: TXA-16, to: \"content[one].attachment.title\" }\n",
    ),
    (
        "segments/OBX[DocumentReference].yaml",
        "map: OBX[DocumentReference]\nof: OBX\nto: DocumentReference\nrows:\n  - { to: \"content[one].attachment.contentType\", value: text/plain }\n  - { from: OBX-5, if: 'OBX-2 EQUALS \"TX\"', to: \"content[one].attachment.data\", as: lines }\n  - { from: OBX-5, if: 'OBX-2 EQUALS \"TX\"', to: description, as: lines }\n",
    ),
    (
        "segments/OBX[Observation].yaml",
        "map: OBX[Observation]\nof: OBX\nto: Observation\nrows:\n  - { to: status, value: final }\n  - { from: OBX-3, to: code.text }\n  - { from: OBX-3, over: OBX-5, if: OBX-5 VALUED, to: \"component[1].code.text\" }\n  - { from: OBX-5, to: \"component[1].valueString\" }\n",
    ),
    (
        "segments/NTE[Observation].yaml",
        "map: NTE[Observation]\nof: NTE\nto: Observation\nrows:\n  - { from: NTE-3, to: \"note[1].text\", as: lines }\n  - { from: NTE-6, to: \"note[1].time\", as: dateTime }\n",
    ),
];

fn convert(segments: &str) -> Vec<Value> {
    let sources: Vec<MapSource<'_>> = MAPS
        .iter()
        .map(|(path, text)| MapSource { path, text })
        .collect();
    let mapper = Mapper::load(&sources).unwrap_or_else(|errors| panic!("{errors}"));
    let text = format!("MSH|^~\\&|LAB|GH|||20240301||MDM^T02|1|P|2.5\r{segments}");
    let (mut index, mut out) = (Index::new(), Conversion::new());
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    mapper
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let parse = |resource: kiln_fhir::Resource<'_>| serde_json::from_slice(resource.json).unwrap();
    out.resources().map(parse).collect()
}

#[test]
fn a_text_of_many_segments_is_one_document() {
    let resources =
        convert("TXA|1\rOBX|1|TX|T||One~Two\rOBX|2|ED|P||nothing\rOBX|3|TX|T||~Four~\r");
    let document = &resources[0];
    // printf 'One\nTwo\n\nFour' | base64
    let expected =
        json!([{"attachment": {"contentType": "text/plain", "data": "T25lClR3bwoKRm91cg=="}}]);
    assert_eq!(document["content"], expected);
    assert_eq!(document["description"], "One\nTwo\n\nFour");
}

#[test]
fn maps_fill_one_item_together() {
    let resources = convert("TXA|1|||||||||||||||note.txt\rOBX|1|TX|T||A\r");
    // printf A | base64
    let expected =
        json!([{"attachment": {"contentType": "text/plain", "data": "QQ==", "title": "note.txt"}}]);
    assert_eq!(resources[0]["content"], expected);
}

#[test]
fn a_note_keeps_its_lines_and_each_note_is_one() {
    let resources = convert("TXA|1\rOBX|1|TX|T||A\rNTE|1||Dear~Sir|||20240102\rNTE|2||Bye\r");
    let notes = json!([{"time": "2024-01-02", "text": "Dear\nSir"}, {"text": "Bye"}]);
    assert_eq!(resources[1]["note"], notes);
}

#[test]
fn an_item_repeats_with_the_field_that_it_is_over() {
    let resources = convert("TXA|1\rOBX|1|TX|Pulse||60~~70\r");
    let expected = json!([
        {"code": {"text": "Pulse"}, "valueString": "60"},
        {"code": {"text": "Pulse"}, "valueString": "70"},
    ]);
    assert_eq!(resources[1]["component"], expected);
}
