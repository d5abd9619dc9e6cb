//! A letter, and what it becomes when it is decided about.

use bytes::Bytes;
use jiff::Timestamp;

use super::Decision;
use crate::audit::Event;
use crate::config::{Config, Lane, ListenerConfig};
use crate::listen::{Origin, judge_again};
use crate::record::{Headers, Record, header};
use crate::store::{Output, Position, Target};

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Where it lies in the dead stream, by which it is known.
    pub id: Position,
    /// The message's bytes, what identifies it, and why it is here.
    pub record: Record,
}

/// Why a letter cannot be retried. Without content of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRetried {
    /// Only the beginning was kept.
    #[error("only the beginning of the message was kept; have it sent again")]
    Cut,
    /// A listener would refuse it as before.
    #[error("a listener would refuse it again: {detail} ({place})")]
    Refused {
        /// Where.
        place: String,
        /// Why, in a sentence.
        detail: String,
    },
}

impl Letter {
    /// The letter that a record of the dead stream is; none for a decision.
    pub fn of(id: Position, record: Record) -> Option<Letter> {
        (record.headers.get(header::DECISION).is_none()).then_some(Letter { id, record })
    }

    /// The lane that the message came in by: that of the raw log where it lies, else that of the listener that refused it.
    /// Interactive when neither is known any more.
    pub fn lane(&self, config: &Config) -> Lane {
        let source = self.record.header(header::SOURCE);
        let bulk = config.store.log(&config.name, Lane::Bulk);
        let in_bulk = source
            .strip_prefix(&bulk)
            .is_some_and(|rest| rest.starts_with('/'));
        if in_bulk {
            return Lane::Bulk;
        }
        let refused_by = |listener: &&ListenerConfig| {
            source.is_empty() && listener.name == self.record.header(header::LISTENER)
        };
        let listener = config.listeners.iter().find(refused_by);
        listener.map_or(Lane::Interactive, |listener| listener.lane)
    }

    /// The message as it is appended to the raw log again: at the end of its feed, as received now, and with the letter's
    /// id, so that it is not taken for a resend. What a listener refused is judged again, by the listener of the same
    /// name when there is one.
    ///
    /// # Errors
    /// When the message is not whole, or would be refused again.
    pub fn retry(&self, listeners: &[ListenerConfig], now_ms: i64) -> Result<Record, NotRetried> {
        if self.record.headers.get(header::CUT).is_some() {
            return Err(NotRetried::Cut);
        }
        let mut record = if self.record.headers.get(header::SOURCE).is_some() {
            self.kept_before(now_ms)
        } else {
            self.judged(listeners, now_ms)?
        };
        record.headers.push(header::LETTER, self.id.to_string());
        Ok(record)
    }

    /// A message that lay in the raw log before.
    fn kept_before(&self, now_ms: i64) -> Record {
        let mut headers = Headers::new();
        for name in [
            header::FEED,
            header::SENDER,
            header::CONTROL_ID,
            header::MESSAGE_TYPE,
        ] {
            if let Some(value) = self.record.headers.get(name) {
                headers.push(name, value);
            }
        }
        headers.push(header::RECEIVED_AT, now_ms.to_string());
        Record {
            headers,
            ..self.record.clone()
        }
    }

    fn judged(&self, listeners: &[ListenerConfig], now_ms: i64) -> Result<Record, NotRetried> {
        let name = self.record.header(header::LISTENER);
        let listener = listeners.iter().find(|listener| listener.name == name);
        let origin = Origin {
            listener: name,
            feed: listener.and_then(|listener| self.feed_of(listener)),
        };
        judge_again(&self.record.value, origin, now_ms)
            .map_err(|(place, detail)| NotRetried::Refused { place, detail })
    }

    /// The feed that the listener gives its messages, or gave this one's sender.
    fn feed_of<'a>(&self, listener: &'a ListenerConfig) -> Option<&'a str> {
        let kept = self.record.header(header::FEED);
        let declared = listener.feeds.iter().find(|feed| feed.name == kept);
        declared
            .map(|feed| feed.name.as_str())
            .or(listener.feed.as_deref())
    }

    /// What is committed when it is decided about: the record of the dead stream that says so, and an audit event of who did and
    /// why.
    pub fn decided(
        &self,
        decision: Decision,
        by: &str,
        purpose: Option<&str>,
        now: Timestamp,
    ) -> [Output; 2] {
        let id = self.id.to_string();
        let mut event = Event::new(decision.deed(), now, by);
        event.purpose = purpose;
        event.details.push(("dead-letter", &id));
        let record = event.about(&self.record).record(&self.record.key);
        let audited = Output {
            target: Target::Audit,
            feed: self.record.key.clone(),
            record,
        };
        [self.decision(decision, now.as_millisecond()), audited]
    }

    fn decision(&self, decision: Decision, now_ms: i64) -> Output {
        let headers = Headers::new()
            .with(header::FEED, self.record.header(header::FEED))
            .with(header::LETTER, self.id.to_string())
            .with(header::DECISION, decision.word())
            .with(header::DECIDED_AT, now_ms.to_string());
        Output {
            target: Target::Dead,
            feed: self.record.key.clone(),
            record: Record {
                key: self.record.key.clone(),
                value: Bytes::new(),
                headers,
            },
        }
    }
}
