//! Dead letters, grouped.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kiln_pipeline::record::{Record, header};
use serde::{Serialize, Serializer};

use super::words::received;

/// Most groups that are kept apart: feeds and types are named by senders.
const MAX_GROUPS: usize = 10_000;

/// Dead letters with the same reason, feed and type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    pub(crate) count: u64,
    pub(crate) reason: String,
    pub(crate) feed: String,
    #[serde(rename = "type")]
    pub(crate) message_type: String,
    /// When the first was received.
    #[serde(serialize_with = "rfc_3339")]
    pub(crate) first: Timestamp,
    /// When the last was received.
    #[serde(serialize_with = "rfc_3339")]
    pub(crate) last: Timestamp,
    /// The reason of the last in a sentence.
    pub(crate) detail: String,
}

/// `2026-01-31T09:30:00.25Z`.
fn rfc_3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

/// Dead letters, grouped.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<[String; 3], Group>,
    ungrouped: u64,
}

impl Groups {
    pub(crate) fn add(&mut self, letter: &Record) {
        let key = [header::REASON, header::FEED, header::MESSAGE_TYPE]
            .map(|name| letter.header(name).to_owned());
        if self.groups.len() == MAX_GROUPS && !self.groups.contains_key(&key) {
            self.ungrouped += 1;
            return;
        }
        let received = received(letter);
        let [reason, feed, message_type] = key.clone();
        let group = self.groups.entry(key).or_insert_with(|| Group {
            count: 0,
            reason,
            feed,
            message_type,
            first: received,
            last: received,
            detail: String::new(),
        });
        group.count += 1;
        group.first = group.first.min(received);
        // Partitions are read side by side, so the last read need not be the last received.
        if received >= group.last {
            group.last = received;
            letter.header(header::DETAIL).clone_into(&mut group.detail);
        }
    }

    /// The groups, largest first, and how many letters belong to none of them.
    pub(crate) fn into_sorted(self) -> (Vec<Group>, u64) {
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.count));
        (groups, self.ungrouped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(feed: &str, received_at: &str, detail: &str) -> Record {
        let mut letter = Record::default();
        letter.headers.push(header::REASON, "unmapped");
        letter.headers.push(header::FEED, feed);
        letter.headers.push(header::RECEIVED_AT, received_at);
        letter.headers.push(header::DETAIL, detail);
        letter
    }

    #[test]
    fn first_and_last_are_by_time_of_reception_not_of_reading() {
        let mut groups = Groups::default();
        groups.add(&letter("lab", "2000", "the later"));
        groups.add(&letter("lab", "1000", "the earlier"));
        groups.add(&letter("ward", "1500", "another"));
        let (groups, ungrouped) = groups.into_sorted();
        assert_eq!(ungrouped, 0);
        let [lab, ward] = groups.as_slice() else {
            panic!("two groups, not {}", groups.len());
        };
        assert_eq!((lab.feed.as_str(), lab.count), ("lab", 2));
        assert_eq!(lab.first.as_millisecond(), 1000);
        assert_eq!(lab.last.as_millisecond(), 2000);
        assert_eq!(lab.detail, "the later");
        assert_eq!((ward.feed.as_str(), ward.count), ("ward", 1));
    }

    #[test]
    fn groups_are_bounded_and_what_is_beyond_is_counted() {
        let mut groups = Groups::default();
        for feed in 0..MAX_GROUPS + 2 {
            groups.add(&letter(&feed.to_string(), "1", ""));
        }
        groups.add(&letter("0", "1", ""));
        let (groups, ungrouped) = groups.into_sorted();
        assert_eq!(groups.len(), MAX_GROUPS);
        assert_eq!(ungrouped, 2);
        assert_eq!((groups[0].feed.as_str(), groups[0].count), ("0", 2));
    }
}
