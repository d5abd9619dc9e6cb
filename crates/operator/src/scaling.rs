//! How many instances a role has.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// Instances of one role of the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Role {
    /// How many instances run. With `bounds` this is where scaling starts from.
    #[serde(default = "Role::replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,

    /// Lets the operator choose the number within these bounds, by what senders feel (time to the acknowledgement,
    /// connections) for `listen` and by seconds of lag for `transform`. The number is fixed when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
}

impl Role {
    // Two, so that one can be lost or drained while the other serves.
    fn replicas() -> i32 {
        2
    }
}

impl Default for Role {
    fn default() -> Self {
        Role {
            replicas: Role::replicas(),
            bounds: None,
        }
    }
}

/// The fewest and the most instances that scaling may choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.minReplicas <= self.maxReplicas")
    .message("minReplicas must not be above maxReplicas")
    .field_path(".minReplicas"))]
pub struct Bounds {
    /// The fewest instances, 1 or more: scaling never stops a role.
    #[schemars(range(min = 1, max = 1000))]
    pub min_replicas: i32,

    /// The most instances. More instances of `transform` than the raw topic has partitions stay idle.
    #[schemars(range(min = 1, max = 1000))]
    pub max_replicas: i32,
}
