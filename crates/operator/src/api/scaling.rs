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

    /// Instances are added while 1 of 100 acknowledgements takes longer than so many milliseconds.
    #[serde(default = "ListenScaling::ack")]
    #[schemars(range(min = 1, max = 60000))]
    pub ack_milliseconds: i32,

    /// Instances are added while each has more connections than this.
    #[serde(default = "ListenScaling::connections")]
    #[schemars(range(min = 1, max = 100_000))]
    pub connections_per_instance: i32,

    /// Instances are taken away only when fewer would have sufficed for so many seconds without a break, one at a time.
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

    /// Instances are added while the oldest message that waits to be transformed is older than so many seconds.
    #[serde(default = "TransformScaling::lag")]
    #[schemars(range(min = 1, max = 86400))]
    pub lag_seconds: i32,

    /// Instances are taken away only when fewer would have sufficed for so many seconds without a break, one at a time.
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
