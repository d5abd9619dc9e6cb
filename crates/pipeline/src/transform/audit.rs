//! One FHIR R4 `AuditEvent` a message: that it was received and what came of it; nothing of its content.

use serde_json::json;

use super::output::Written;

use crate::record::{Record, header};

/// The event of one message. A pure function of the raw record and what came of it.
pub(super) fn event(raw: &Record, source: &str, written: &Written) -> String {
    let recorded = raw.header(header::RECEIVED_AT).parse::<i64>().unwrap_or(0);
    let recorded = jiff::Timestamp::from_millisecond(recorded).unwrap_or_default();
    let recorded = recorded.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mut event = json!({
        "resourceType": "AuditEvent",
        "type": {
            "system": "http://dicom.nema.org/resources/ontology/DCM",
            "code": "110107",
            "display": "Import"
        },
        "action": "C",
        "recorded": recorded,
        // http://hl7.org/fhir/audit-event-outcome: 0 success, 4 minor failure.
        "outcome": if matches!(written, Written::Dead(_)) { "4" } else { "0" },
        "agent": [{ "name": name(raw.header(header::SENDER)), "requestor": true }],
        "source": { "observer": { "display": "Kiln" } },
        "entity": [{
            "name": "HL7 v2 message",
            "detail": [
                { "type": "source", "valueString": source },
                { "type": "feed", "valueString": name(raw.header(header::FEED)) },
                { "type": "control-id", "valueString": name(raw.header(header::CONTROL_ID)) },
                { "type": "message-type", "valueString": name(raw.header(header::MESSAGE_TYPE)) }
            ]
        }]
    });
    match written {
        Written::Resources => {}
        Written::Dead(reason) => event["outcomeDesc"] = (*reason).into(),
        Written::Dropped(filter) => {
            event["outcomeDesc"] = format!("dropped by the filter {filter}").into();
        }
    }
    event.to_string()
}

/// FHIR strings are never empty.
fn name(text: &str) -> &str {
    if text.trim().is_empty() {
        "unknown"
    } else {
        text
    }
}
