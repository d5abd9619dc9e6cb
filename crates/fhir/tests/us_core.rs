//! The profile `us-core`: what US Core 6.1.0 requires (<http://hl7.org/fhir/us/core/STU6.1/>) of each resource that claims it.
#![allow(clippy::unwrap_used)]

mod sent;
mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kiln_fhir::{Conversion, ConvertOptions, Mapper, Profile};
use kiln_hl7::{Index, Message};
use serde_json::{Value, json};

static MAPPER: LazyLock<Mapper> = LazyLock::new(|| Mapper::profiled(Profile::UsCore).unwrap());

const PROFILES: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";

/// Elements of which the profile requires one (`min` of its differential), each in every item of the element before it.
const REQUIRED: [(&str, &[&str]); 9] = [
    (
        "us-core-patient",
        &[
            "identifier.system",
            "identifier.value",
            "name.family|given|extension",
            "gender",
        ],
    ),
    (
        "us-core-practitioner",
        &["identifier.system", "identifier.value", "name.family"],
    ),
    (
        "us-core-encounter",
        &["status", "class", "type", "subject.reference"],
    ),
    ("us-core-allergyintolerance", &["code", "patient.reference"]),
    (
        "us-core-condition-encounter-diagnosis",
        &["category", "code", "subject.reference"],
    ),
    (
        "us-core-procedure",
        &["status", "code", "subject.reference"],
    ),
    (
        "us-core-immunization",
        &["status", "vaccineCode", "patient.reference"],
    ),
    (
        "us-core-observation-lab",
        &[
            "status",
            "category",
            "code",
            "subject.reference",
            "valueQuantity|valueCodeableConcept|valueString|valueRange|valueRatio|valuePeriod|valueDateTime|valueTime|component|dataAbsentReason",
        ],
    ),
    (
        "us-core-diagnosticreport-lab",
        &[
            "status",
            "category",
            "code",
            "subject.reference",
            "effectiveDateTime|effectivePeriod",
            "issued",
        ],
    ),
];

fn patient(pid_8_to_22: &str) -> Value {
    let segments = format!("PID|1||7^^^HOSP^MR||Lee^Ann|||{pid_8_to_22}\r");
    let entries = sent::converted(&MAPPER, "ADT^A08", &segments);
    let mut resources = entries
        .into_iter()
        .map(|mut entry| entry["resource"].take());
    let patient = resources.find(|resource| resource["resourceType"] == "Patient");
    patient.unwrap()
}

/// The extension of a Patient by the end of its URL.
fn extension<'p>(patient: &'p Value, name: &str) -> &'p Value {
    let url = format!("{PROFILES}{name}");
    let mut extensions = patient["extension"].as_array().unwrap().iter();
    extensions
        .find(|extension| extension["url"] == url.as_str())
        .unwrap_or(&Value::Null)
}

#[test]
fn race_has_categories_details_and_words() {
    let sent = "F||2028-9^Asian^HL70005~2106-3^White^CDCREC~2036-2^Filipino^CDCREC~X^Other^L";
    let coding = |code: &str, display: &str| json!({"system": "urn:oid:2.16.840.1.113883.6.238", "code": code, "display": display});
    assert_eq!(
        extension(&patient(sent), "us-core-race")["extension"],
        json!([
            {"url": "ombCategory", "valueCoding": coding("2028-9", "Asian")},
            {"url": "ombCategory", "valueCoding": coding("2106-3", "White")},
            {"url": "detailed", "valueCoding": coding("2036-2", "Filipino")},
            {"url": "text", "valueString": "Asian\nWhite\nFilipino\nOther"},
        ])
    );
    let unknown = patient("F||UNK^Unknown");
    let category = &extension(&unknown, "us-core-race")["extension"][0]["valueCoding"];
    assert_eq!(
        category["system"],
        "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
    );
    // A code of the site's own is told in words alone.
    assert_eq!(
        extension(&patient("F||W^White^L"), "us-core-race")["extension"],
        json!([{"url": "text", "valueString": "White"}])
    );
    assert_eq!(patient("F").get("extension"), None);
}

#[test]
fn ethnicity_has_one_category_and_words() {
    for (sent, code) in [
        ("H^Hispanic^HL70189", "2135-2"),
        ("2186-5^Not Hispanic^CDCREC", "2186-5"),
        ("N", "2186-5"),
        ("U", "UNK"),
    ] {
        let patient = patient(&format!("F||||||||||||||{sent}"));
        let parts = extension(&patient, "us-core-ethnicity")["extension"]
            .as_array()
            .unwrap()
            .clone();
        assert_eq!(parts[0]["url"], "ombCategory", "{patient}");
        assert_eq!(parts[0]["valueCoding"]["code"], code);
        assert_eq!(parts[1]["url"], "text");
    }
}

#[test]
fn what_is_required_and_absent_has_a_reason() {
    let absent = json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "unknown"
    }]});
    let entries = sent::converted(&MAPPER, "ADT^A08", "PID|1||7||Lee|||Q\rPV1|1|I\r");
    let resource = |name: &str| {
        let mut resources = entries.iter().map(|entry| &entry["resource"]);
        resources
            .find(|resource| resource["resourceType"] == name)
            .unwrap()
    };
    let patient = resource("Patient");
    assert_eq!(patient["gender"], "unknown");
    assert_eq!(patient["identifier"][0]["_system"], absent);
    assert_eq!(
        resource("Encounter")["type"][0]["coding"][0]["code"],
        "unknown"
    );
}

#[test]
fn each_resource_has_what_the_profile_that_it_claims_requires() {
    let (mut index, mut out) = (Index::new(), Conversion::new());
    let mut claims: BTreeMap<String, usize> = BTreeMap::new();
    for bytes in support::fixtures() {
        let message = Message::parse(&bytes, &mut index).unwrap();
        if MAPPER
            .convert(&message, &ConvertOptions::default(), &mut out)
            .is_err()
        {
            continue;
        }
        for resource in out.resources() {
            let resource: Value = serde_json::from_slice(resource.json).unwrap();
            let Some(claimed) = resource["meta"]["profile"][0].as_str() else {
                continue;
            };
            let name = claimed.strip_prefix(PROFILES).unwrap();
            *claims.entry(name.to_owned()).or_default() += 1;
            let (_, required) = REQUIRED
                .iter()
                .find(|(profile, _)| *profile == name)
                .unwrap_or_else(|| panic!("no rules for {name}"));
            for path in *required {
                assert!(holds(&resource, path), "{name}, {path}: {resource}");
            }
        }
    }
    let claimed: Vec<&str> = claims.keys().map(String::as_str).collect();
    for (profile, _) in REQUIRED {
        assert!(claimed.contains(&profile), "no fixture claims {profile}");
    }
}

/// Whether an element is there, or one of several (`a|b`), in each item of the element before it.
fn holds(of: &Value, path: &str) -> bool {
    if let Value::Array(items) = of {
        return !items.is_empty() && items.iter().all(|item| holds(item, path));
    }
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    first.split('|').any(|name| {
        let found = of.get(name).or_else(|| of.get(format!("_{name}")));
        found.is_some_and(|found| rest.is_none_or(|rest| holds(found, rest)))
    })
}

#[test]
fn r4_itself_claims_no_profile() {
    for bytes in support::fixtures() {
        let (mut index, mut out) = (Index::new(), Conversion::new());
        let message = Message::parse(&bytes, &mut index).unwrap();
        let converted = sent::MAPPER.convert(&message, &ConvertOptions::default(), &mut out);
        let claims = |json: &[u8]| String::from_utf8_lossy(json).contains("us-core");
        assert!(converted.is_err() || !out.resources().any(|resource| claims(resource.json)));
    }
}
