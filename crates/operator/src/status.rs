//! What is observed of a role.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The instances of one role as last observed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RoleStatus {
    /// Instances that exist.
    pub replicas: i32,

    /// Instances that are ready to do their job.
    pub ready_replicas: i32,

    /// Label selector of the instances, in the form that `kubectl get pods -l` takes. The scale subresource shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub selector: String,
}
