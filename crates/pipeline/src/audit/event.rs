//! One event as a FHIR R4 [`AuditEvent`](https://hl7.org/fhir/R4/auditevent.html); nothing of a message's content beyond what
//! identifies it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::record::{Headers, Record, header};

/// Names the codes of [`Deed`].
const DEEDS: &str = "https://kiln.health/fhir/audit-deed";
/// Longest name, purpose or explanation; the rest is cut.
const MAX_TEXT_CHARS: usize = 1000;

/// What was done: the code in `AuditEvent.subtype`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// A message was taken over, and its FHIR, or a dead letter, or nothing was emitted.
    Receipt,
    /// A message was refused at the door.
    Refusal,
    /// What a message says was shown.
    Disclosure,
    /// A dead letter was given to the pipeline again.
    Retry,
    /// A dead letter was settled.
    Drop,
    /// Kept messages were converted again.
    Replay,
    /// The maps in force changed, or were not changed since the new ones are wrong.
    Mapping,
    /// A process began.
    Start,
    /// A process ended in order.
    Stop,
    /// An instance began to transform partitions that were not its own.
    Takeover,
    /// An instance was fenced: another had taken over what it worked on.
    Fenced,
}

impl Deed {
    /// The code.
    pub const fn word(self) -> &'static str {
        match self {
            Deed::Receipt => "receipt",
            Deed::Refusal => "refusal",
            Deed::Disclosure => "disclosure",
            Deed::Retry => "retry",
            Deed::Drop => "drop",
            Deed::Replay => "replay",
            Deed::Mapping => "mapping",
            Deed::Start => "start",
            Deed::Stop => "stop",
            Deed::Takeover => "takeover",
            Deed::Fenced => "fenced",
        }
    }

    /// The nearest event of DICOM, PS3.16 CID 400, and what is done by it (FHIR `audit-event-action`).
    const fn kind(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Deed::Receipt | Deed::Refusal => ("110107", "Import", "C"),
            Deed::Disclosure => ("110112", "Query", "R"),
            _ => ("110100", "Application Activity", "E"),
        }
    }

    /// What it is done to.
    const fn object(self) -> &'static str {
        match self {
            Deed::Receipt
            | Deed::Refusal
            | Deed::Disclosure
            | Deed::Retry
            | Deed::Drop
            | Deed::Replay => "HL7 v2 message",
            Deed::Mapping => "maps",
            Deed::Start | Deed::Stop | Deed::Takeover | Deed::Fenced => "pipeline",
        }
    }
}

/// What came of it (FHIR `audit-event-outcome`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `0`
    Success,
    /// `4`: not done, or not as was wished.
    Failure,
}

/// What is told of an event.
#[derive(Clone, Debug)]
pub struct Event<'a> {
    /// What.
    pub deed: Deed,
    /// When.
    pub at: Timestamp,
    /// Who: a person, a sending system, or an instance.
    pub by: &'a str,
    /// Why, in their own words.
    pub purpose: Option<&'a str>,
    /// What came of it.
    pub outcome: Outcome,
    /// The outcome in words.
    pub explained: Option<&'a str>,
    /// By what the object is known; parts without a value are left out.
    pub details: Vec<(&'static str, &'a str)>,
}

impl<'a> Event<'a> {
    /// That something was done, about nothing in particular yet.
    pub fn new(deed: Deed, at: Timestamp, by: &'a str) -> Event<'a> {
        Event {
            deed,
            at,
            by,
            purpose: None,
            outcome: Outcome::Success,
            explained: None,
            details: Vec::new(),
        }
    }

    /// With what identifies a message, as its record's headers say.
    #[must_use]
    pub fn about(mut self, record: &'a Record) -> Event<'a> {
        for name in [
            header::FEED,
            header::LISTENER,
            header::CONTROL_ID,
            header::MESSAGE_TYPE,
            header::LETTER,
        ] {
            self.details.push((name, record.header(name)));
        }
        self
    }

    /// The resource as JSON, its members in the order of their names.
    pub fn json(&self) -> String {
        let (code, display, action) = self.deed.kind();
        let outcome = match self.outcome {
            Outcome::Success => "0",
            Outcome::Failure => "4",
        };
        let mut event = json!({
            "resourceType": "AuditEvent",
            "type": {
                "system": "http://dicom.nema.org/resources/ontology/DCM",
                "code": code,
                "display": display
            },
            "subtype": [{ "system": DEEDS, "code": self.deed.word() }],
            "action": action,
            "recorded": self.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            "outcome": outcome,
            "agent": [{ "name": text(self.by).unwrap_or_else(|| "unknown".to_owned()), "requestor": true }],
            "source": { "observer": { "display": "Kiln" } },
        });
        if let Some(purpose) = self.purpose.and_then(text) {
            event["purposeOfEvent"] = json!([{ "text": purpose }]);
        }
        if let Some(explained) = self.explained.and_then(text) {
            event["outcomeDesc"] = explained.into();
        }
        let details: Vec<Value> = self
            .details
            .iter()
            .filter_map(|(name, value)| {
                text(value).map(|value| json!({ "type": name, "valueString": value }))
            })
            .collect();
        event["entity"] = if details.is_empty() {
            json!([{ "name": self.deed.object() }])
        } else {
            json!([{ "name": self.deed.object(), "detail": details }])
        };
        event.to_string()
    }

    /// A record of the audit stream, beside others under `key`.
    pub fn record(&self, key: &str) -> Record {
        Record {
            key: key.to_owned(),
            value: self.json().into(),
            headers: Headers::new(),
        }
    }
}

/// A FHIR string: never empty, and without control characters.
fn text(value: &str) -> Option<String> {
    let value: String = value
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_TEXT_CHARS)
        .collect();
    (!value.is_empty()).then_some(value)
}
