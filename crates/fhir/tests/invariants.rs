//! R4's invariants hold where a message gives less than they ask for, or other.
#![allow(clippy::unwrap_used)]

mod sent;

use sent::resources;

#[test]
fn an_organization_has_no_home() {
    let segments = "PID|1||7^^^HOSP\rORC|NW|1^EHR||||||||||3^Lee^^^^^^^NPI|||||||||Clinic|1 Road^^Town^^^^H|^PRN^PH^^^555^1234\rOBR|1|||GLU^Glucose^L\r";
    let clinic = resources("ORM^O01", segments, "Organization")
        .into_iter()
        .find(|organization| organization["name"] == "Clinic")
        .unwrap();
    for (element, value) in [("address", "city"), ("telecom", "value")] {
        let item = &clinic[element][0];
        assert!(item[value].is_string(), "{clinic}");
        assert!(item["use"].is_null(), "org-2, org-3: {item}");
    }
    let patient = "PID|1||7^^^HOSP||Lee||||||1 Road^^Town^^^^H||^PRN^PH^^^555^1234\r";
    let patient = resources("ADT^A08", patient, "Patient").remove(0);
    assert_eq!(patient["address"][0]["use"], "home");
    assert_eq!(patient["telecom"][0]["use"], "home");
}

#[test]
fn an_allergy_is_active_or_entered_in_error() {
    for (statuses, clinical, verification) in [
        ("A|||||||||||", "active", None),
        ("D|||||||||||", "", Some("entered-in-error")),
        ("A|||||||||||E", "", Some("entered-in-error")),
        ("A|||||||||||C", "active", Some("confirmed")),
        ("D|||||||||||C", "", Some("entered-in-error")),
    ] {
        let segments = format!("PID|1||7^^^HOSP\rIAM|1|DA|PCN^Penicillin^L|||{statuses}\r");
        let allergy = resources("ADT^A60", &segments, "AllergyIntolerance").remove(0);
        let code = |element: &str| allergy[element]["coding"][0]["code"].as_str();
        let expected = Some(clinical).filter(|code| !code.is_empty());
        assert_eq!(code("clinicalStatus"), expected, "ait-1, ait-2: {statuses}");
        assert_eq!(code("verificationStatus"), verification, "{statuses}");
    }
}

#[test]
fn a_route_without_a_dose_is_told_in_words() {
    let given = |dose: &str| {
        let segments = format!(
            "PID|1||7^^^HOSP\rORC|RE|1^EHR\rRXO|A^Amoxicillin^L\rRXA|0|1|20240101||A^Amoxicillin^L|{dose}|mL\rRXR|PO^Oral^HL70162\r"
        );
        resources("RAS^O17", &segments, "MedicationAdministration").remove(0)
    };
    let known = given("5");
    assert_eq!(known["dosage"]["route"]["text"], "Oral");
    assert!(known["note"].is_null());
    for dose in ["999", ""] {
        let unknown = given(dose);
        assert!(unknown["dosage"].is_null(), "mad-1: {unknown}");
        assert_eq!(unknown["note"][0]["text"], "Route: PO Oral");
    }
}
