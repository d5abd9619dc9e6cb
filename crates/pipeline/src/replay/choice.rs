//! Which messages of a log are replayed.

use crate::record::{Record, header};

/// So much later than the last that is chosen, in milliseconds: clocks of instances differ.
const PAST_MS: i64 = 60 * 60 * 1000;

/// Which messages; what is none does not choose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Received at this time or later, in milliseconds since 1970-01-01T00:00Z.
    pub since_ms: Option<i64>,
    /// Received before this time.
    pub until_ms: Option<i64>,
    /// Of this feed.
    pub feed: Option<String>,
    /// With this MSH-10.
    pub control_id: Option<String>,
    /// Of this type, such as `ADT^A01`.
    pub message_type: Option<String>,
}

impl Choice {
    /// Whether a raw message was received so long after `until_ms` that others of its partition behind it, whose clocks may
    /// have been slow, are not looked for much longer.
    pub(super) fn is_past(&self, raw: &Record) -> bool {
        let until = self.until_ms.map(|until| until.saturating_add(PAST_MS));
        until.is_some_and(|until| received(raw) >= until)
    }

    /// Whether a raw message is chosen.
    pub fn takes(&self, raw: &Record) -> bool {
        let received = received(raw);
        let equal = |name: &str, wanted: &Option<String>| {
            wanted
                .as_ref()
                .is_none_or(|wanted| raw.header(name) == wanted)
        };
        self.since_ms.is_none_or(|since| received >= since)
            && self.until_ms.is_none_or(|until| received < until)
            && equal(header::FEED, &self.feed)
            && equal(header::CONTROL_ID, &self.control_id)
            && equal(header::MESSAGE_TYPE, &self.message_type)
    }
}

fn received(raw: &Record) -> i64 {
    raw.header(header::RECEIVED_AT).parse().unwrap_or(0)
}
