//! How letters are told of.

use jiff::Timestamp;
use kiln_pipeline::record::{Record, header};

/// `2026-01-31T09:30:00Z`.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// When the message was received; 1970 when the record does not say.
pub(crate) fn received(record: &Record) -> Timestamp {
    let ms = record.header(header::RECEIVED_AT).parse().unwrap_or(0);
    Timestamp::from_millisecond(ms).unwrap_or_default()
}

/// What a sender named must not steer the terminal.
pub(crate) fn shown(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}
