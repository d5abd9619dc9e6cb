//! What is observed of a role.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The instances of one role as last observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleStatus {
    /// Instances that exist.
    pub replicas: i32,

    /// Instances that are ready to do their job.
    pub ready_replicas: i32,

    /// Instances that there should be: what the spec says, or what scaling chose.
    #[serde(default)]
    pub desired_replicas: i32,

    /// Why there should be so many, for instance `2 to 3: ACK p99 410 ms over the target of 250 ms`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,

    /// When the number was last changed by scaling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_scaled: Option<Time>,

    /// Label selector of the instances, in the form that `kubectl get pods -l` takes. The scale subresource shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub selector: String,
}
