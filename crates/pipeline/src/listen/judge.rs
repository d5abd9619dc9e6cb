//! Whether a frame is a message that can be taken, and what identifies it.

use std::cell::RefCell;

use bytes::Bytes;
use kiln_hl7::{ErrorCode, Index, Message, ParseError};

use super::answer::{Mode, Outcome};
use crate::feed;
use crate::record::{Headers, Record, header};

/// Longest value of an identifying header; longer ones are cut.
const MAX_HEADER_CHARS: usize = 200;

/// What was found wrong.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// A stable word.
    pub(crate) reason: &'static str,
    /// The segment and field, when it is one.
    pub(crate) field: Option<u8>,
    /// Where, for the dead letter.
    pub(crate) place: String,
    /// A sentence without content.
    pub(crate) detail: String,
    pub(crate) code: ErrorCode,
    pub(super) outcome: Outcome,
}

/// Where a frame comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The listener's name.
    pub(crate) listener: &'a str,
    /// The feed of all messages of this peer; none: sending application and facility of each.
    pub(crate) feed: Option<&'a str>,
}

/// A frame, judged.
pub(super) struct Judged {
    pub(super) record: Record,
    pub(super) message_type: String,
    pub(super) mode: Mode,
    pub(super) fault: Option<Fault>,
}

thread_local! {
    static INDEX: RefCell<Index> = RefCell::new(Index::new());
}

/// Reads bytes as a message, with an index that this thread uses for all.
pub(super) fn read<T>(bytes: &[u8], with: impl FnOnce(Result<&Message<'_>, ParseError>) -> T) -> T {
    INDEX.with_borrow_mut(|index| match Message::parse(bytes, index) {
        Ok(message) => with(Ok(&message)),
        Err(error) => with(Err(error)),
    })
}

/// Parses enough of a frame to identify and route it (MSH-9, MSH-10, MSH-12: HL7 v2.9 §2.9.2.2).
pub(super) fn judge(bytes: &Bytes, origin: Origin<'_>, received_at: i64) -> Judged {
    let mut judged = read(bytes, |message| match message {
        Ok(message) => judge_message(message, origin, received_at),
        Err(error) => {
            let text = error.to_string();
            let fault = Fault {
                reason: "unreadable",
                field: None,
                place: format!("byte {}", error.offset),
                detail: text,
                code: ErrorCode::SegmentSequence,
                outcome: Outcome::Reject,
            };
            Judged {
                record: unidentified(origin, received_at),
                message_type: String::new(),
                mode: Mode::Original,
                fault: Some(fault),
            }
        }
    });
    judged.record.value = bytes.clone();
    judged
}

/// The record of a message that was refused before, if it would not be now; else where and why.
pub(crate) fn judge_again(
    bytes: &Bytes,
    origin: Origin<'_>,
    received_at: i64,
) -> Result<Record, (String, String)> {
    let Judged { record, fault, .. } = judge(bytes, origin, received_at);
    match fault {
        None => Ok(record),
        Some(fault) => Err((fault.place, fault.detail)),
    }
}

/// The record of bytes that identify themselves by nothing.
pub(super) fn unidentified(origin: Origin<'_>, received_at: i64) -> Record {
    let feed = feed::name(origin.feed, "|");
    let headers = Headers::new()
        .with(header::FEED, &feed)
        .with(header::LISTENER, origin.listener)
        .with(header::RECEIVED_AT, received_at.to_string());
    Record {
        key: feed,
        value: Bytes::new(),
        headers,
    }
}

fn judge_message(message: &Message<'_>, origin: Origin<'_>, received_at: i64) -> Judged {
    let part = |field: usize, component: usize| {
        let text = message
            .msh()
            .field(field)
            .component(component)
            .text()
            .unwrap_or_default();
        text.trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_HEADER_CHARS)
            .collect::<String>()
    };
    let sender = format!("{}|{}", part(3, 1), part(4, 1));
    let control_id = part(10, 1);
    let (code, event, version) = (part(9, 1), part(9, 2), part(12, 1));
    let message_type = if event.is_empty() {
        code.clone()
    } else {
        format!("{code}^{event}")
    };
    let feed = feed::name(origin.feed, &sender);
    let answers_us = code == "ACK";
    let fault = if answers_us {
        // To answer an acknowledgment would be the beginning of an endless exchange.
        Some(Fault {
            reason: "acknowledgment",
            field: Some(9),
            place: "MSH-9".to_owned(),
            detail: "an acknowledgment, to which nothing was sent".to_owned(),
            code: ErrorCode::UnsupportedMessageType,
            outcome: Outcome::Reject,
        })
    } else if code.is_empty() {
        Some(missing(9, "message type", "no-message-type"))
    } else if control_id.is_empty() {
        Some(missing(10, "message control id", "no-control-id"))
    } else if version.is_empty() {
        Some(missing(12, "version", "no-version"))
    } else if version != "2" && !version.starts_with("2.") {
        Some(Fault {
            reason: "unsupported-version",
            field: Some(12),
            place: "MSH-12".to_owned(),
            detail: "MSH-12 is no version 2 of HL7".to_owned(),
            code: ErrorCode::UnsupportedVersion,
            outcome: Outcome::Reject,
        })
    } else {
        None
    };
    let headers = Headers::new()
        .with(header::FEED, &feed)
        .with(header::SENDER, sender)
        .with(header::CONTROL_ID, control_id)
        .with(header::MESSAGE_TYPE, &message_type)
        .with(header::LISTENER, origin.listener)
        .with(header::RECEIVED_AT, received_at.to_string());
    let record = Record {
        key: feed,
        value: Bytes::new(),
        headers,
    };
    Judged {
        record,
        message_type,
        mode: if answers_us {
            Mode::SILENT
        } else {
            Mode::of(&part(15, 1), &part(16, 1))
        },
        fault,
    }
}

fn missing(field: u8, what: &str, reason: &'static str) -> Fault {
    Fault {
        reason,
        field: Some(field),
        place: format!("MSH-{field}"),
        detail: format!("MSH-{field} ({what}) is missing"),
        code: ErrorCode::RequiredFieldMissing,
        outcome: Outcome::Reject,
    }
}
