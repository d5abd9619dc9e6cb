//! What is looked for, and where in the log a message is, as queries and forms have them.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use kiln_pipeline::config::{Config, Lane};
use kiln_pipeline::replay::Choice;
use kiln_pipeline::store::{Begin, NoPosition, Position, RawRecord, Store, StoreError};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::console::scan::Unread;
use crate::failure::Failure;

/// How far back is looked unless a time is given.
const RECENTLY: SignedDuration = SignedDuration::from_hours(1);
/// Records of Kafka have the time of the instance that wrote them, or of the broker: so much earlier is looked.
const EARLIER_MS: i64 = 60_000;

/// As a person asks.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(in crate::console) struct Wanted {
    pub(super) control_id: String,
    pub(super) feed: String,
    #[serde(rename = "type")]
    pub(super) message_type: String,
    pub(super) since: String,
    pub(super) until: String,
    pub(super) lane: LaneName,
}

/// A lane by its name.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LaneName {
    #[default]
    Interactive,
    Bulk,
}

impl LaneName {
    pub(super) const ALL: [LaneName; 2] = [LaneName::Interactive, LaneName::Bulk];

    pub(super) fn lane(self) -> Lane {
        match self {
            LaneName::Interactive => Lane::Interactive,
            LaneName::Bulk => Lane::Bulk,
        }
    }
}

impl Wanted {
    /// The same with the time filled in that is looked from.
    pub(super) fn completed(mut self) -> Wanted {
        if self.since.trim().is_empty() {
            self.since = minutes(Timestamp::now() - RECENTLY);
        }
        self
    }

    /// By which messages are chosen, all received at some time or later, and that time.
    pub(super) fn choice(&self) -> Result<(Choice, i64), Unread> {
        let text = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        let since_ms = time(&self.since).map_err(|why| Unread::wrong("From", &why))?;
        let until_ms = match text(&self.until) {
            None => None,
            Some(until) => Some(time(&until).map_err(|why| Unread::wrong("Before", &why))?),
        };
        let choice = Choice {
            since_ms: Some(since_ms),
            until_ms,
            feed: text(&self.feed),
            control_id: text(&self.control_id),
            message_type: text(&self.message_type),
        };
        Ok((choice, since_ms))
    }
}

/// From when records are read that may be of that time.
pub(super) fn earlier(ms: i64) -> i64 {
    ms.saturating_sub(EARLIER_MS)
}

/// A time as browsers write it, in UTC.
fn time(text: &str) -> Result<i64, &'static str> {
    let civil: Result<DateTime, _> = text.trim().parse();
    let at = civil.and_then(|civil| TimeZone::UTC.to_timestamp(civil));
    at.map(Timestamp::as_millisecond)
        .map_err(|_| "a time such as 2026-01-31T09:30 is wanted")
}

/// The reverse, without seconds.
fn minutes(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M").to_string()
}

/// Where a message lies, as a query or a form says it.
#[derive(Clone, Deserialize, Serialize)]
pub(in crate::console) struct Place {
    #[serde(default)]
    pub(super) lane: LaneName,
    /// Partition and offset.
    pub(super) at: String,
}

impl Place {
    pub(super) fn of(lane: LaneName, position: Position) -> Place {
        Place {
            lane,
            at: position.to_string(),
        }
    }

    pub(super) fn position(&self) -> Result<Position, Unread> {
        let position = self.at.parse();
        position.map_err(|why: NoPosition| Unread::wrong("at", &why))
    }

    /// By which a link names it.
    pub(super) fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// As outputs name it.
    pub(super) fn source(&self, config: &Config) -> String {
        let log = config.store.log(&config.name, self.lane.lane());
        format!("{log}/{}", self.at)
    }

    /// By which a form names it.
    pub(super) fn fields(&self) -> Markup {
        html! {
            input type="hidden" name="lane" value=(self.lane.lane().label());
            input type="hidden" name="at" value=(self.at);
        }
    }
}

/// The message of that place, if it is still kept.
pub(super) async fn kept(
    store: &Arc<dyn Store>,
    lane: LaneName,
    position: Position,
) -> Result<Option<RawRecord>, Failure> {
    let Some(log) = log(store, lane).await? else {
        return Ok(None);
    };
    let mut reader = log
        .read_raw(Begin::Position(position))
        .await
        .map_err(Failure::stopped)?;
    let first = reader.next().await.map_err(Failure::stopped)?;
    Ok(first.filter(|raw| raw.position == position))
}

/// The store behind the log of a lane, if there is such a log.
pub(super) async fn log(
    store: &Arc<dyn Store>,
    lane: LaneName,
) -> Result<Option<Arc<dyn Store>>, Failure> {
    let log: Result<_, StoreError> = match lane {
        LaneName::Interactive => Ok(Some(Arc::clone(store))),
        LaneName::Bulk => store.bulk(false).await,
    };
    log.map_err(Failure::stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_utc() {
        assert_eq!(time("1970-01-02T00:00"), Ok(86_400_000));
        assert_eq!(time(" 1970-01-01T00:00:01.5 "), Ok(1_500));
        assert!(time("yesterday").is_err());
    }
}
