//! What a message map says of the place of things: links from within a map, loops below a group, parts and their wholes.
#![allow(clippy::unwrap_used)]

use kiln_fhir::{Conversion, ConvertOptions, MapSource, Mapper, References};
use kiln_hl7::{Index, Message};

const MAPS: &[(&str, &str)] = &[
    (
        "messages/ADT_A01.yaml",
        r#"
map: ADT_A01
events: ["ADT^A01"]
structure: [MSH, PID, MRG, {group: "VISIT*", of: [PV1, "NK1*", "DG1*"]}]
resources:
  - name: Patient
    per: PID
    from: ["PID[Patient]", {map: "NK1[Patient]", each: VISIT.NK1}, {map: "MRG[Patient]", links: {"link[1].other": Merged}}]
    bare: true
    id: [["identifier PID-3"]]
  - name: Merged
    type: Patient
    per: MRG
    from: ["MRG[Patient-Merged]"]
    id: [["identifier MRG-1"]]
  - name: Encounter
    per: VISIT
    from: ["PV1[Encounter]", {map: "DG1[Encounter]", each: DG1, links: {"diagnosis[1].condition": Condition}}]
    links: {subject: Patient}
  - name: Condition
    per: VISIT.DG1
    from: ["DG1[Condition]"]
    links: {subject: Patient}
"#,
    ),
    (
        "segments/PID[Patient].yaml",
        "map: PID[Patient]\nof: PID\nto: Patient\nrows:\n  - { from: PID-3.1, to: \"identifier[1].value\" }\n",
    ),
    (
        "segments/NK1[Patient].yaml",
        "map: NK1[Patient]\nof: NK1\nto: Patient\nrows:\n  - { from: NK1-2.1, to: \"contact[1].name.family\" }\n",
    ),
    (
        "segments/MRG[Patient].yaml",
        "map: MRG[Patient]\nof: MRG\nto: Patient\nrows:\n  - { from: MRG-1, to: \"link[1].type\", value: replaces }\n",
    ),
    (
        "segments/MRG[Patient-Merged].yaml",
        "map: MRG[Patient-Merged]\nof: MRG\nto: Patient\nrows:\n  - { from: MRG-1.1, to: \"identifier[1].value\" }\n",
    ),
    (
        "segments/PV1[Encounter].yaml",
        "map: PV1[Encounter]\nof: PV1\nto: Encounter\nrows:\n  - { to: status, value: unknown }\n  - { to: class.code, value: AMB }\n  - { from: PV1-3, to: \"location[1].location(Location)\", as: \"PL[Location]\" }\n",
    ),
    (
        "segments/DG1[Encounter].yaml",
        "map: DG1[Encounter]\nof: DG1\nto: Encounter\nrows:\n  - { from: DG1-15, to: \"diagnosis[1].rank\", as: positiveInt }\n",
    ),
    (
        "segments/DG1[Condition].yaml",
        "map: DG1[Condition]\nof: DG1\nto: Condition\nrows:\n  - { from: DG1-3.1, to: code.text }\n",
    ),
    (
        "datatypes/PL[Location].yaml",
        r#"
map: PL[Location]
of: PL
to: Location
rows:
  - { from: PL.3.1, to: "identifier[1].value" }
  - { from: PL.2.1, to: "partOf(Location.identifier[1].value)" }
  - { from: PL.4.1, to: "partOf(Location.partOf(Location.identifier[1].value))" }
  - { from: PL.4.2, to: "partOf(Location.partOf(Location.identifier[1].system))", join: ["urn:oid:", "PL.4.2"] }
"#,
    ),
];

fn load(maps: &[(&str, &str)]) -> Result<Mapper, kiln_fhir::MapErrors> {
    let sources: Vec<MapSource<'_>> = maps
        .iter()
        .map(|(path, text)| MapSource { path, text })
        .collect();
    Mapper::load(&sources)
}

/// The resources of one type, in order.
fn convert(kind: &str, segments: &str) -> Vec<serde_json::Value> {
    convert_with(References::Relative, kind, segments)
}

fn convert_with(references: References, kind: &str, segments: &str) -> Vec<serde_json::Value> {
    let options = ConvertOptions {
        references,
        ..ConvertOptions::default()
    };
    let text = format!("MSH|^~\\&|A|GH|||20240301120000+0100||ADT^A01|1|P|2.8\r{segments}");
    let mut index = Index::new();
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    let mapper = load(MAPS).unwrap_or_else(|errors| panic!("{errors}"));
    let mut out = Conversion::new();
    mapper.convert(&message, &options, &mut out).unwrap();
    out.resources()
        .filter(|resource| resource.resource_type == kind)
        .map(|resource| serde_json::from_slice(resource.json).unwrap())
        .collect()
}

fn reference(of: &serde_json::Value) -> String {
    format!(
        "{}/{}",
        of["resourceType"].as_str().unwrap(),
        of["id"].as_str().unwrap()
    )
}

#[test]
fn a_link_of_a_map_leads_to_the_resource_of_the_same_segment() {
    let message = "PID|||1\rPV1|1\rDG1|1||A||||||||||||2\rDG1|2||B||||||||||||1\r";
    let conditions = convert("Condition", message);
    let encounter = &convert("Encounter", message)[0];
    for (at, rank) in [(0, 2), (1, 1)] {
        let diagnosis = &encounter["diagnosis"][at];
        assert_eq!(diagnosis["rank"], rank);
        assert_eq!(
            diagnosis["condition"]["reference"],
            reference(&conditions[at])
        );
    }
}

#[test]
fn a_loop_goes_through_the_groups_that_it_names() {
    let patient = &convert(
        "Patient",
        "PID|||1\rPV1|1\rNK1|1|Roe\rPV1|2\rNK1|1|Poe\rNK1|2|Doe\r",
    )[0];
    let names: Vec<_> = (0..3)
        .map(|n| &patient["contact"][n]["name"]["family"])
        .collect();
    assert_eq!(names, ["Roe", "Poe", "Doe"]);
}

#[test]
fn a_bare_resource_is_there_when_its_segment_says_nothing() {
    let message = "PID|1\rPV1|1||^12^7\r";
    let patients = convert("Patient", message);
    assert_eq!(patients.len(), 1);
    let encounter = &convert("Encounter", message)[0];
    assert_eq!(encounter["subject"]["reference"], reference(&patients[0]));
}

#[test]
fn a_part_of_which_nothing_is_known_gives_way_to_its_whole() {
    let locations = convert("Location", "PID|||1\rPV1|1||^^^GH&2.999.1.3&ISO\r");
    assert_eq!(locations.len(), 1);
    assert_eq!(locations[0]["identifier"][0]["system"], "urn:oid:2.999.1.3");
    let encounter = &convert("Encounter", "PID|||1\rPV1|1||^^^GH&2.999.1.3&ISO\r")[0];
    let place = &encounter["location"][0]["location"]["reference"];
    assert_eq!(*place, reference(&locations[0]));
}

#[test]
fn a_place_without_a_system_is_known_by_all_that_is_said_of_it() {
    let beds = |visits: &str| {
        let all = convert("Location", &format!("PID|||1\r{visits}"));
        let beds = all.iter().filter(|l| l["identifier"][0]["value"] == "7");
        beds.map(|bed| bed["id"].clone()).collect::<Vec<_>>()
    };
    let once = beds("PV1|1||^12^7\r");
    assert_eq!(once.len(), 1);
    assert_eq!(beds("PV1|1||^12^7\rPV1|2||^12^7\r"), once);
    // The same visit, moved: what a consumer has of the first bed must not stand for the second.
    assert_ne!(beds("PV1|1||^13^7\r"), once);
}

#[test]
fn ids_do_not_depend_on_how_references_are_written() {
    let ids = |references| {
        let all = convert_with(references, "Location", "PID|||1\rPV1|1||^12^7\r");
        all.iter()
            .map(|location| location["id"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(References::Relative).len(), 2);
    assert_eq!(ids(References::Relative), ids(References::Urn));
}

#[test]
fn a_merge_links_both_ways_and_nothing_to_itself() {
    let patients = convert("Patient", "PID|||1^^^GH\rMRG|2^^^GH\r");
    assert_eq!(patients[0]["link"][0]["type"], "replaces");
    assert_eq!(
        patients[0]["link"][0]["other"]["reference"],
        reference(&patients[1])
    );
    let same = convert("Patient", "PID|||1^^^GH\rMRG|1^^^GH\r");
    assert_eq!(same.len(), 1);
    assert!(same[0].get("link").is_none());
}

#[test]
fn a_wrong_loop_or_an_impossible_bare_resource_is_a_mistake() {
    let with = |from: &str, to: &str| {
        let text = MAPS[0].1.replace(from, to);
        let mut maps = MAPS.to_vec();
        maps[0] = ("messages/ADT_A01.yaml", &text);
        let errors = load(&maps).unwrap_err();
        errors.to_string()
    };
    let wrong = with("each: VISIT.NK1", "each: VISITS.NK1");
    assert!(wrong.contains("there is no group `VISITS` here; did you mean `VISIT`?"));
    let wrong = with("each: DG1", "each: NK1");
    assert!(wrong.contains("does not end in the map's segment DG1"));
    let wrong = with("per: VISIT.DG1", "per: VISIT.DG1\n    bare: true");
    assert!(wrong.contains("`bare`: R4 requires Condition.subject"));
}

#[test]
fn a_resource_that_only_refers_to_others_is_not_worth_writing() {
    let condition = |dg1: &str| convert("Condition", &format!("PID|||1\rPV1|1\r{dg1}\r")).len();
    assert_eq!(condition("DG1|1||A"), 1);
    assert_eq!(condition("DG1|1"), 0);
}
