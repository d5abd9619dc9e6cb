//! The two roles of a pipeline: how many instances, and what each may use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ListenScaling, TransformScaling};

/// Instances that senders connect to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Listen {
    /// How many instances run. With `scaling` this is where it starts from. `kubectl scale` sets it.
    #[serde(default = "replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,

    /// Lets the operator choose the number of instances. It is fixed when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<ListenScaling>,

    /// What each instance asks for and may use. By default 250m CPU and 512Mi of memory are asked for, at most 1Gi of
    /// memory may be used, and CPU is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

impl Default for Listen {
    fn default() -> Self {
        Listen {
            replicas: replicas(),
            scaling: None,
            resources: None,
        }
    }
}

/// Instances that turn raw messages into FHIR.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transform {
    /// How many instances run. With `scaling` this is where it starts from.
    #[serde(default = "replicas")]
    #[schemars(range(min = 0, max = 1000))]
    pub replicas: i32,

    /// Lets the operator choose the number of instances. It is fixed when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaling: Option<TransformScaling>,

    /// What each instance asks for and may use. By default 250m CPU and 512Mi of memory are asked for, at most 1Gi of
    /// memory may be used, and CPU is not limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
}

impl Default for Transform {
    fn default() -> Self {
        Transform {
            replicas: replicas(),
            scaling: None,
            resources: None,
        }
    }
}

// Two, so that one can be lost or drained while the other serves.
fn replicas() -> i32 {
    2
}

/// What an instance asks for and what it may use at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Resources {
    /// What is set aside for an instance on its node.
    #[serde(default)]
    pub requests: Amounts,

    /// What an instance may use at most. Beyond its memory it is ended by the node; beyond its CPU it is slowed down.
    #[serde(default)]
    pub limits: Amounts,
}

/// An amount of each resource; what is absent is not asked for or not limited.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Amounts {
    /// CPU: `2` are two cores, `250m` a quarter of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20), regex(pattern = r"^[0-9]+(\.[0-9]+)?m?$"))]
    pub cpu: Option<String>,

    /// Memory in bytes, for instance `512Mi` or `2Gi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 20),
        regex(pattern = r"^[0-9]+(\.[0-9]+)?([kMG]|[KMG]i)?$")
    )]
    pub memory: Option<String>,
}
