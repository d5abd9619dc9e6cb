//! One audit event a message: that it was received, and what was emitted of it, which the same commit holds.

use jiff::Timestamp;

use crate::audit::{Deed, Event, Outcome};
use crate::record::{Record, header};

/// What came of a message.
pub(super) enum Came<'a> {
    /// So many resources.
    Resources(usize),
    /// A dead letter, for that reason.
    Dead(&'static str),
    /// Nothing: the site's filter of that name drops it.
    Dropped(&'a str),
    /// Nothing: it is a resend.
    Resend,
}

/// The event of one message. A pure function of the raw record, the maps, and what came of it.
pub(super) fn event(raw: &Record, source: &str, maps: &str, came: &Came<'_>) -> String {
    let recorded = raw.header(header::RECEIVED_AT).parse().unwrap_or(0);
    let recorded = Timestamp::from_millisecond(recorded).unwrap_or_default();
    let mut event = Event::new(Deed::Receipt, recorded, raw.header(header::SENDER)).about(raw);
    event.details.push((header::SOURCE, source));
    event.details.push((header::MAPPING, maps));
    let explained = match came {
        Came::Resources(count) => format!("{count} resources"),
        Came::Dead(reason) => format!("dead letter: {reason}"),
        Came::Dropped(filter) => format!("dropped by the filter {filter}"),
        Came::Resend => "dropped as a resend".to_owned(),
    };
    event.explained = Some(&explained);
    if matches!(came, Came::Dead(_)) {
        event.outcome = Outcome::Failure;
    }
    event.json()
}
