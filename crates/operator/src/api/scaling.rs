//! Between which bounds and for which aims the operator chooses the number of instances.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::Schedule;

/// Scaling of listen by what senders feel. The use of CPU alone never scales anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas")
    .message("minReplicas must not be above maxReplicas")
    .field_path(".minReplicas"))]
#[x_kube(validation = Rule::new("self.schedules.all(s, s.minReplicas <= self.maxReplicas)")
    .message("a schedule asks for more instances than maxReplicas allows; raise maxReplicas")
    .field_path(".schedules"))]
pub struct ListenScaling {
    /// The fewest instances, 1 or more: scaling never stops a role.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,

    /// The most instances.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,

    /// Instances are added while, for 10 seconds, 1 of 100 messages is acknowledged later than so many milliseconds after
    /// its end. Asked of every instance each 5 seconds and counted over 15.
    #[serde(default = "ListenScaling::ack")]
    #[schemars(range(min = 1, max = 60000))]
    pub ack_milliseconds: i32,

    /// Instances are added while, for 10 seconds, there are more connections than this for each.
    #[serde(default = "ListenScaling::connections")]
    #[schemars(range(min = 1, max = 100_000))]
    pub connections_per_instance: i32,

    /// Instances are added while, for 10 seconds, there are more messages than this for each that wait to be stored. Beyond
    /// 4096 a listener reads no further.
    #[serde(default = "ListenScaling::in_flight")]
    #[schemars(range(min = 1, max = 4096))]
    pub in_flight_per_instance: i32,

    /// Instances are taken away only when fewer would have sufficed for so many seconds without a break, one at a time; and
    /// only while all of them answer.
    #[serde(default = "scale_in_after")]
    #[schemars(range(min = 30, max = 86400))]
    pub scale_in_after_seconds: i32,

    /// Peaks that are known beforehand.
    #[serde(default)]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub schedules: Vec<Schedule>,
}

impl ListenScaling {
    fn ack() -> i32 {
        250
    }

    fn connections() -> i32 {
        500
    }

    fn in_flight() -> i32 {
        2048
    }
}

/// Scaling of transform by how far it is behind. The use of CPU alone never scales anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas")
    .message("minReplicas must not be above maxReplicas")
    .field_path(".minReplicas"))]
#[x_kube(validation = Rule::new("self.schedules.all(s, s.minReplicas <= self.maxReplicas)")
    .message("a schedule asks for more instances than maxReplicas allows; raise maxReplicas")
    .field_path(".schedules"))]
pub struct TransformScaling {
    /// The fewest instances, 1 or more: scaling never stops a role.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,

    /// The most instances. More than the raw topic has partitions would stay idle.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,

    /// Instances are added while, for 10 seconds, the oldest message of the interactive lane that waits to be transformed is
    /// older than so many seconds. Bulk loads add none.
    #[serde(default = "TransformScaling::lag")]
    #[schemars(range(min = 1, max = 86400))]
    pub lag_seconds: i32,

    /// Instances are taken away only when fewer would have sufficed for so many seconds without a break, one at a time; and
    /// only while all of them answer.
    #[serde(default = "scale_in_after")]
    #[schemars(range(min = 30, max = 86400))]
    pub scale_in_after_seconds: i32,

    /// Peaks that are known beforehand.
    #[serde(default)]
    #[schemars(length(max = 16))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub schedules: Vec<Schedule>,
}

impl TransformScaling {
    fn lag() -> i32 {
        10
    }
}

fn scale_in_after() -> i32 {
    300
}
