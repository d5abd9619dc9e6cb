use std::fmt::Write as _;

use kiln_hl7::{Field, Segment, Value as Part};
use serde_json::{Map, Value};

/// What an NK1 is to the patient.
pub(super) fn relationship(kin: &Segment<'_>) -> Value {
    let (relation, role) = (kin.field(3), kin.field(7));
    let (code, display) = match text(relation.component(1)).as_str() {
        "SPO" => ("SPS", "spouse"),
        "MTH" => ("MTH", "mother"),
        _ => ("FRND", "unrelated friend"),
    };
    list![
        object! {
            "coding": list! [
                object! {"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": code, "display": display},
                object! {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0063",
                    "code": text(relation.component(1)),
                    "display": text(relation.component(2)),
                },
            ],
            "text": text(relation.component(2)),
        },
        object! {
            "coding": list! [object! {
                "system": "http://terminology.hl7.org/CodeSystem/v2-0131",
                "code": text(role.component(1)),
                "display": "Emergency Contact",
            }],
            "text": text(role.component(2)),
        },
    ]
}

pub(super) fn telecom(field: &Field<'_>) -> Vec<Value> {
    field
        .repetitions()
        .map(|part| contact_point(&part))
        .collect()
}

pub(super) fn human_name(part: &Part<'_>) -> Value {
    let given: Vec<_> = [2, 3]
        .map(|place| text(part.part(place)))
        .into_iter()
        .filter(|name| !name.is_empty())
        .collect();
    object! {"family": text(part.part(1)), "given": given}
}

pub(super) fn address(part: &Part<'_>) -> Value {
    object! {
        "use": "home",
        "line": list! [text(part.part(1))],
        "city": text(part.part(3)),
        "state": text(part.part(4)),
        "postalCode": text(part.part(5)),
        "country": text(part.part(6)),
    }
}

pub(super) fn contact_point(part: &Part<'_>) -> Value {
    if text(part.part(3)) == "Internet" {
        return object! {"system": "email", "value": text(part.part(4))};
    }
    let [country, area, local] = [5, 6, 7].map(|place| text(part.part(place)));
    let number = format!("+{country} {area} {local}");
    let kind = if text(part.part(2)) == "WPN" {
        "work"
    } else {
        "home"
    };
    object! {
        "extension": list! [
            object! {"url": "http://hl7.org/fhir/StructureDefinition/contactpoint-country", "valueString": country},
            object! {"url": "http://hl7.org/fhir/StructureDefinition/contactpoint-area", "valueString": area},
            object! {"url": "http://hl7.org/fhir/StructureDefinition/contactpoint-local", "valueString": local},
        ],
        "system": "phone",
        "value": number,
        "use": kind,
    }
}

pub(super) fn concept(field: Field<'_>) -> Value {
    let system = match text(field.component(3)).as_str() {
        "I10" => "http://hl7.org/fhir/sid/icd-10",
        "RXNORM" => "http://www.nlm.nih.gov/research/umls/rxnorm",
        _ => "http://snomed.info/sct",
    };
    let display = text(field.component(2));
    object! {"coding": list! [object! {"system": system, "code": text(field.component(1)), "display": display.as_str()}], "text": display}
}

/// A date, or a moment in UTC.
pub(super) fn time(part: Part<'_>) -> Value {
    let digits = text(part);
    let at = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let mut written = format!("{}-{}-{}", at(0, 4), at(4, 6), at(6, 8));
    if digits.len() >= 14 {
        let _ = write!(written, "T{}:{}:{}Z", at(8, 10), at(10, 12), at(12, 14));
    }
    written.into()
}

pub(super) fn raw(segment: &Segment<'_>) -> String {
    String::from_utf8_lossy(segment.raw()).into_owned()
}

pub(super) fn text(part: Part<'_>) -> String {
    part.text()
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}
