//! That somebody was shown what a message says, and why: a FHIR R4 `AuditEvent`, nothing of its content.

use jiff::Timestamp;
use serde_json::json;

use super::Letter;
use crate::record::{Headers, Record, header};

/// Who is shown messages, and why.
#[derive(Clone, Debug)]
pub struct Disclosure {
    /// The person or program.
    pub by: String,
    /// In their own words.
    pub purpose: String,
    /// When.
    pub at: Timestamp,
}

impl Disclosure {
    /// The audit record of one letter.
    pub fn of(&self, letter: &Letter) -> Record {
        let id = letter.id.to_string();
        let mut event = self.event("dead-letter", &id, &letter.record);
        event.headers.push(header::LETTER, id);
        event
    }

    /// The audit record of one raw message, by the header `source` of what became of it.
    pub fn of_message(&self, source: &str, raw: &Record) -> Record {
        let mut event = self.event("raw-message", source, raw);
        event.headers.push(header::SOURCE, source);
        event
    }

    fn event(&self, what: &str, id: &str, record: &Record) -> Record {
        let control_id = record.header(header::CONTROL_ID);
        let mut detail = vec![json!({ "type": what, "valueString": id })];
        if !control_id.trim().is_empty() {
            detail.push(json!({ "type": "control-id", "valueString": control_id }));
        }
        let event = json!({
            "resourceType": "AuditEvent",
            "type": {
                "system": "http://dicom.nema.org/resources/ontology/DCM",
                "code": "110112",
                "display": "Query"
            },
            "action": "R",
            "recorded": self.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "outcome": "0",
            "purposeOfEvent": [{ "text": self.purpose }],
            "agent": [{ "name": self.by, "requestor": true }],
            "source": { "observer": { "display": "Kiln" } },
            "entity": [{ "name": "HL7 v2 message", "detail": detail }]
        });
        Record {
            key: record.key.clone(),
            value: event.to_string().into(),
            headers: Headers::new().with(header::FEED, record.header(header::FEED)),
        }
    }
}
