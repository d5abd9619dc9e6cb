//! That somebody was shown what a message says, and why: nothing of its content.

use jiff::Timestamp;

use super::Letter;
use crate::audit::{Deed, Event};
use crate::record::{Record, header};

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

    fn event(&self, what: &'static str, id: &str, record: &Record) -> Record {
        let mut event = Event::new(Deed::Disclosure, self.at, &self.by);
        event.purpose = Some(&self.purpose);
        event.details.push((what, id));
        let mut event = event.about(record).record(&record.key);
        event
            .headers
            .push(header::FEED, record.header(header::FEED));
        event
    }
}
