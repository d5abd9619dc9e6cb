//! Peaks that are known beforehand.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A time of the week in which at least so many instances run, however little there is to do: shift changes, the morning's
/// laboratory results, a nightly load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.from != self.to")
    .message("from and to are the same time; leave the schedule out and raise minReplicas for a peak without end")
    .field_path(".to"))]
pub struct Schedule {
    /// Name of the peak, unique in its list. Status and Events name it when it decides.
    #[schemars(length(min = 1, max = 63))]
    pub name: String,

    /// The days on which it begins. Every day when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 7))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub days: Vec<Day>,

    /// Time of day at which it begins, as `hh:mm`. Name a time some minutes before the peak.
    #[schemars(length(equal = 5), regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: String,

    /// Time of day at which it ends, as `hh:mm`; on the next day when it is not after `from`.
    #[schemars(length(equal = 5), regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub to: String,

    /// Time zone of both times by its IANA name, for instance `Europe/Vienna`. Summer time is kept.
    #[serde(default = "utc")]
    #[schemars(
        length(min = 1, max = 64),
        regex(pattern = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$")
    )]
    pub time_zone: String,

    /// The fewest instances in this time.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}
