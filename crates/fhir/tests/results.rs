//! What must never be lost or confused in orders, results and the headers of their messages.
#![allow(clippy::unwrap_used)]

mod sent;

use kiln_fhir::{Conversion, ConvertOptions, MapSource};
use kiln_hl7::{Index, Message};
use serde_json::Value;

use sent::{MAPPER, converted, entries, resources};

/// The first result of a report with one OBX.
fn result(obx: &str) -> Value {
    let segments = format!("PID|1||7^^^HOSP\rOBR|1|||GLU^Glucose^L\rOBX|1|{obx}\r");
    resources("ORU^R01", &segments, "Observation").remove(0)
}

#[test]
fn a_number_that_is_none_is_kept_with_its_unit() {
    let number = result("NM|GLU||7.2|mmol/L");
    assert_eq!(number["valueQuantity"]["unit"], "mmol/L");
    assert_eq!(number["valueQuantity"]["value"].to_string(), "7.2");
    for (obx, text) in [
        ("NM|GLU||7,2|mmol/L", "7,2 mmol/L"),
        ("NM|GLU||<5|mmol/L", "<5 mmol/L"),
        ("NM|GLU||neg", "neg"),
        ("SN|GLU||^neg|mmol/L", "neg mmol/L"),
        ("SN|GLU||^1^:^many|titer", "1 : many titer"),
        ("TM|GLU||noon", "noon"),
        ("DT|GLU||20241399", "20241399"),
    ] {
        let result = result(obx);
        assert_eq!(result["valueString"], text, "{obx}: {result}");
        let values = result.as_object().unwrap().keys();
        assert_eq!(values.filter(|key| key.starts_with("value")).count(), 1);
    }
}

#[test]
fn a_message_has_one_destination() {
    let text = "MSH|^~\\&|APP|HOSP|LAB^2.999.1^ISO|CLINIC|20240101||ADT^A08|1|P|2.5.1|||||||||||||NET^2.999.2^ISO\rPID|1||7\r";
    let (mut index, mut out) = (Index::new(), Conversion::new());
    let message = Message::parse(text.as_bytes(), &mut index).unwrap();
    MAPPER
        .convert(&message, &ConvertOptions::default(), &mut out)
        .unwrap();
    let header: Value = serde_json::from_slice(out.resources().next().unwrap().json).unwrap();
    let [destination] = header["destination"].as_array().unwrap().as_slice() else {
        panic!("{header}")
    };
    assert_eq!(destination["name"], "LAB");
    assert_eq!(destination["endpoint"], "urn:oid:2.999.2");
    assert!(destination["target"].is_object() && destination["receiver"].is_object());
}

#[test]
fn what_a_result_without_a_code_says_is_kept() {
    let absent = serde_json::json!({"extension": [{
        "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
        "valueCode": "unknown"
    }]});
    let segments =
        "PID|1||7^^^HOSP\rOBR|1||99^LAB\rOBX|1|NM|||7.2|mmol/L|||||F\rOBX|2|CE|||A^One^L~B^Two^L\r";
    let report = resources("ORU^R01", segments, "DiagnosticReport").remove(0);
    assert_eq!(report["code"], absent);
    let results = resources("ORU^R01", segments, "Observation");
    assert_eq!(report["result"].as_array().unwrap().len(), results.len());
    assert_eq!(results[0]["code"], absent);
    assert_eq!(results[0]["valueQuantity"]["value"].to_string(), "7.2");
    assert_eq!(results[1]["component"][1]["code"], absent);
    // An OBX of which nothing is valued is none.
    let empty = "PID|1||7^^^HOSP\rOBR|1|||GLU^Glucose^L\rOBX|1\r";
    assert!(resources("ORU^R01", empty, "Observation").is_empty());
}

#[test]
fn the_number_of_an_order_is_that_of_its_orc() {
    let segments = "PID|1||7^^^HOSP\rORC|NW|1^EHR|2^LAB\rOBR|1|8^EHR|9^LAB|GLU^Glucose^L\r";
    let request = resources("ORM^O01", segments, "ServiceRequest").remove(0);
    let numbers = request["identifier"].as_array().unwrap().iter();
    let numbers: Vec<&Value> = numbers.map(|identifier| &identifier["value"]).collect();
    assert_eq!(numbers, ["1", "2"]);
}

#[test]
fn a_type_that_the_guide_gives_stands_beside_that_of_the_sender() {
    let segments = "PID|1||7^^^HOSP\rOBR|1|||GLU^Glucose^L|||||||||||||||||||||||||||||||||||||||||||||||||5^^^HOSP^ACSN\r";
    let request = resources("ORM^O01", segments, "ServiceRequest").remove(0);
    let codings = request["identifier"][0]["type"]["coding"]
        .as_array()
        .unwrap()
        .iter();
    let codes: Vec<&Value> = codings.map(|coding| &coding["code"]).collect();
    assert_eq!(codes, ["ACSN", "PLAC"]);
}

#[test]
fn an_order_and_its_result_are_one_request() {
    let order = "PID|1||7^^^HOSP\rORC|NW|4455^EHR\rOBR|1|4455^EHR||GLU^Glucose^L\r";
    let report =
        "PID|1||7^^^HOSP\rOBR|1|4455^EHR|99^LAB|GLU^Glucose^L\rOBX|1|NM|GLU||7.2|mmol/L|||||F\r";
    let id = |message_type: &str, segments: &str| {
        resources(message_type, segments, "ServiceRequest").remove(0)["id"].clone()
    };
    let ordered = id("ORM^O01", order);
    assert_eq!(ordered, id("ORU^R01", report));
    assert_eq!(ordered, id("OML^O21", order));
    // Another's number 4455 is another order.
    let other = report.replace("4455^EHR", "4455^WARD");
    assert_ne!(ordered, id("ORU^R01", &other));
}

#[test]
fn an_order_number_is_one_however_its_authority_is_spelt() {
    let site = MapSource {
        path: "site.yaml",
        text: "identifierSystems:\n  EHR: urn:oid:2.999.7\n",
    };
    let mapper = MAPPER.overlaid(&[site]).unwrap();
    let id = |number: &str, resource_type: &str| {
        let segments = format!(
            "PID|1||7^^^HOSP\rOBR|1|{number}|{number}|GLU^Glucose^L\rOBX|1|NM|GLU||7.2|mmol/L|||||F\r"
        );
        let entries = converted(&mapper, "ORU^R01", &segments);
        let resources = entries.iter().map(|entry| &entry["resource"]);
        let mut found = resources.filter(|resource| resource["resourceType"] == resource_type);
        found.next().unwrap()["id"].clone()
    };
    for resource_type in ["ServiceRequest", "DiagnosticReport", "Observation"] {
        let known = id("4455^EHR", resource_type);
        for number in ["4455^EHR^2.999.7^ISO", "4455^^2.999.7^ISO"] {
            assert_eq!(id(number, resource_type), known, "{resource_type}");
        }
        assert_ne!(id("4455^WARD", resource_type), known, "{resource_type}");
    }
}

#[test]
fn a_code_table_leaves_codes_of_other_systems_alone() {
    let interpretation = |flag: &str| {
        result(&format!("NM|GLU||7.2|mmol/L||{flag}"))["interpretation"][0]["coding"].clone()
    };
    let of = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation";
    assert_eq!(interpretation("H")[0]["system"], of);
    assert_eq!(interpretation("H^High^HL70078")[0]["system"], of);
    let local = interpretation("H^Haemolysed^L");
    assert_eq!(local.as_array().unwrap().len(), 1);
    assert_eq!(local[0]["display"], "Haemolysed");
    assert!(local[0].get("system").is_none_or(|system| system != of));
}

#[test]
fn comments_on_the_report_and_on_the_patient_are_observations() {
    let segments = "PID|1||7^^^HOSP\rNTE|1||Fasting.\rOBR|1||99^LAB|GLU^Glucose^L\r\
                    NTE|1||Instrument offline\rNTE|2||from 14:00.\rOBX|1|NM|GLU||7.2|mmol/L|||||F\r";
    let all = resources("ORU^R01", segments, "Observation");
    let comments: Vec<&Value> = all
        .iter()
        .filter(|o| o["code"]["coding"][0]["code"] == "48767-8")
        .collect();
    assert_eq!(comments.len(), 2);
    assert_eq!(comments[0]["valueString"], "Fasting.");
    assert_eq!(
        comments[1]["valueString"],
        "Instrument offline\nfrom 14:00."
    );
    let report = resources("ORU^R01", segments, "DiagnosticReport").remove(0);
    let result = report["result"].to_string();
    assert!(result.contains(comments[1]["id"].as_str().unwrap()));
    assert!(!result.contains(comments[0]["id"].as_str().unwrap()));
}

#[test]
fn a_specimen_needs_more_than_a_time() {
    let specimen = |obr: &str| {
        let segments = format!("PID|1||7^^^HOSP\rOBR|1||99^LAB|GLU^Glucose^L|||{obr}\r");
        resources("ORU^R01", &segments, "Specimen")
    };
    assert!(specimen("202401011000").is_empty());
    let preliminary = specimen("202401011000||||||||BLD");
    let corrected = specimen("202401011005||||||||BLD");
    assert_eq!(preliminary.len(), 1);
    assert_eq!(preliminary[0]["id"], corrected[0]["id"]);
}

#[test]
fn a_visit_of_an_appointment_has_not_begun() {
    let status = |event: &str, filler: &str| {
        let to_filler = "|".repeat(18);
        let segments = format!(
            "SCH|1^EHR|2^BOOK|||||ROUTINE{to_filler}{filler}\rPID|1||7^^^HOSP\rPV1|1|O|CLINIC\r"
        );
        resources(&format!("SIU^{event}"), &segments, "Encounter").remove(0)["status"].clone()
    };
    assert_eq!(status("S12", "Booked"), "planned");
    assert_eq!(status("S12", "Noshow"), "cancelled");
    assert_eq!(status("S15", "Booked"), "cancelled");
    assert_eq!(status("S14", "Started"), "in-progress");
}

#[test]
fn what_only_its_id_identifies_is_put_if_there_is_none() {
    let all = entries("ORU^R01", "PID|1||7\rOBR|1|||GLU^Glucose^L\r");
    for entry in &all {
        let request = &entry["request"];
        match entry["resource"]["resourceType"].as_str().unwrap() {
            "Patient" => {
                assert_eq!(request["method"], "PUT");
                assert_eq!(request["ifNoneMatch"], "*");
            }
            "DiagnosticReport" => assert!(request.get("ifNoneMatch").is_none()),
            _ => {}
        }
        let criteria = request["ifNoneExist"].as_str();
        assert!(criteria.is_none_or(|criteria| criteria.starts_with("identifier=")));
    }
    let known = entries("ORU^R01", "PID|1||7^^^HOSP\rOBR|1|||GLU^Glucose^L\r");
    let patient = known
        .iter()
        .find(|entry| entry["resource"]["resourceType"] == "Patient");
    assert_eq!(
        patient.unwrap()["request"]["ifNoneExist"],
        "identifier=urn:kiln:authority:HOSP|7"
    );
}

#[test]
fn each_of_two_patients_has_their_own_document() {
    let document = "OBX|1|ED|PHOTO^Wound photo^LN||^IM^JPEG^Base64^aGk=||||||F";
    let segments = format!(
        "EVN|A17|20240101\rPID|1||7^^^HOSP\rPV1|1|I|W^1^1\r{document}\r\
         PID|2||8^^^HOSP\rPV1|2|I|W^2^1\r{document}\r"
    );
    let patients = resources("ADT^A17", &segments, "Patient");
    let documents = resources("ADT^A17", &segments, "DocumentReference");
    assert_eq!((patients.len(), documents.len()), (2, 2));
    for (patient, document) in patients.iter().zip(&documents) {
        let subject = document["subject"]["reference"].as_str().unwrap();
        assert!(subject.ends_with(patient["id"].as_str().unwrap()));
    }
}

#[test]
fn participants_of_an_immunization_order_are_its_performers() {
    let segments = "PID|1||7^^^HOSP\rORC|RE||9^HOSP\r\
        PRT|1|AD||AP^Administering Provider^HL70443|5^Ash^Lin^^^^^^HOSP\r\
        RXA|0|1|20240101||140^Influenza^CVX|0.5|mL\r";
    let immunization = resources("VXU^V04", segments, "Immunization").remove(0);
    let performer = &immunization["performer"][0];
    assert_eq!(performer["function"]["coding"][0]["code"], "AP");
    let actor = performer["actor"]["reference"].as_str().unwrap();
    let roles = resources("VXU^V04", segments, "PractitionerRole");
    assert!(actor.ends_with(roles[0]["id"].as_str().unwrap()));
}

#[test]
fn a_code_is_read_by_the_coding_system_of_its_own_repetition() {
    // A6 of HL7 table 0009 is not the A6 of a house list.
    let (hearing, aisle) = ("A6^Hearing impaired^HL70009", "A6^Aisle six^HOUSE");
    for repetitions in [[hearing, aisle], [aisle, hearing]] {
        let [first, second] = repetitions;
        let fields = "|".repeat(13);
        let segments = format!("PID|1||7^^^HOSP\rPV1|1|I{fields}{first}~{second}\r");
        let encounter = resources("ADT^A01", &segments, "Encounter").remove(0);
        let arrangements = &encounter["hospitalization"]["specialArrangement"];
        for (place, sent) in repetitions.into_iter().enumerate() {
            let coding = &arrangements[place]["coding"][0];
            let standard = coding["system"] == "http://terminology.hl7.org/CodeSystem/v2-0009";
            assert_eq!(standard, sent == hearing, "{arrangements}");
        }
    }
}
