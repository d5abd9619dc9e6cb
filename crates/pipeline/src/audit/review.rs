//! An access review: who was shown or replayed what, and why.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Deed;

/// Most rows; what belongs to further ones is counted only.
const MAX_ROWS: usize = 10_000;
/// Most things named in a row; further ones are counted only.
const MAX_NAMED: usize = 20;

/// What somebody did for a purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// In their own words; empty when none was given.
    pub purpose: String,
    /// Who.
    pub by: String,
    /// What.
    pub deed: Deed,
    /// How often.
    pub count: u64,
    /// How often it failed.
    pub failed: u64,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// What it was done to, at most twenty of them.
    pub named: Vec<String>,
}

/// An access review of the audit events of some time.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Review {
    /// By purpose, then by who, then by what was done.
    pub accesses: Vec<Access>,
    /// Events that are not in a row, since there are too many.
    pub uncounted: u64,
    /// Records that are no audit events.
    pub unreadable: u64,
    #[serde(skip)]
    rows: BTreeMap<(String, String, Deed), Access>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    subtype: Vec<Coded>,
    recorded: Timestamp,
    outcome: String,
    #[serde(default)]
    purpose_of_event: Vec<Worded>,
    agent: Vec<Named>,
    #[serde(default)]
    entity: Vec<Detailed>,
}

#[derive(Deserialize)]
struct Coded {
    code: Deed,
}

#[derive(Deserialize)]
struct Worded {
    text: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Detailed {
    #[serde(default)]
    detail: Vec<Detail>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    r#type: String,
    value_string: String,
}

impl Review {
    /// Takes an event into account, if it is an access, and was recorded from `since` on and before `until`.
    pub fn see(&mut self, record: &[u8], since: Option<Timestamp>, until: Option<Timestamp>) {
        let Ok(told) = serde_json::from_slice::<Told>(record) else {
            self.unreadable += 1;
            return;
        };
        let Some(deed) = told.subtype.first().map(|coded| coded.code) else {
            self.unreadable += 1;
            return;
        };
        let access = matches!(
            deed,
            Deed::Disclosure | Deed::Replay | Deed::Retry | Deed::Drop
        );
        let at = told.recorded;
        if !access
            || since.is_some_and(|since| at < since)
            || until.is_some_and(|until| at >= until)
        {
            return;
        }
        let purpose = told.purpose_of_event.into_iter().map(|one| one.text).next();
        let by = told.agent.into_iter().map(|one| one.name).next();
        let key = (purpose.unwrap_or_default(), by.unwrap_or_default(), deed);
        if !self.rows.contains_key(&key) && self.rows.len() == MAX_ROWS {
            self.uncounted += 1;
            return;
        }
        let row = self
            .rows
            .entry(key)
            .or_insert_with_key(|(purpose, by, deed)| Access {
                purpose: purpose.clone(),
                by: by.clone(),
                deed: *deed,
                count: 0,
                failed: 0,
                first: at,
                last: at,
                named: Vec::new(),
            });
        row.count += 1;
        row.failed += u64::from(told.outcome != "0");
        row.first = row.first.min(at);
        row.last = row.last.max(at);
        let details = told.entity.into_iter().flat_map(|entity| entity.detail);
        let named: Vec<String> = details
            .map(|detail| format!("{} {}", detail.r#type, detail.value_string))
            .collect();
        let named = named.join(", ");
        if !named.is_empty() && row.named.len() < MAX_NAMED && !row.named.contains(&named) {
            row.named.push(named);
        }
    }

    /// All that was seen.
    #[must_use]
    pub fn done(mut self) -> Review {
        self.accesses = std::mem::take(&mut self.rows).into_values().collect();
        self
    }
}
