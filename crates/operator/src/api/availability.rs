//! What the pipeline survives, and how fast.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is done so that the loss of an instance, a node or a zone is short.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Availability {
    /// `ActiveActive`: every ready instance of listen takes connections. `ActiveStandby`: one takes them all, the others
    /// are warm and one of them takes over when it is lost; for senders that must reach one instance only.
    #[serde(default)]
    pub mode: Mode,

    /// How instances are spread over zones (nodes with the same label `topology.kubernetes.io/zone`). `Preferred`: over
    /// zones where that is possible. `Required`: an instance that would make the spread uneven waits for room in another
    /// zone. Over nodes they are spread where that is possible in either case.
    #[serde(default)]
    pub zones: ZoneSpread,

    /// PriorityClass of the instances, so that they are placed before less urgent work and evicted after it. The cluster's
    /// default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253))]
    pub priority_class: Option<String>,

    /// How many seconds without answers are tolerated. A node that is not reachable keeps its instances for so long before
    /// they are replaced elsewhere, and an instance that does not answer its probes for so long is started anew. Kafka
    /// fences what was replaced and comes back, so a short time is safe.
    #[serde(default = "Availability::recovery")]
    #[schemars(range(min = 2, max = 3600))]
    pub tolerated_recovery_seconds: i32,
}

impl Availability {
    fn recovery() -> i32 {
        10
    }
}

impl Default for Availability {
    fn default() -> Self {
        Availability {
            mode: Mode::default(),
            zones: ZoneSpread::default(),
            priority_class: None,
            tolerated_recovery_seconds: Availability::recovery(),
        }
    }
}

/// Which instances of listen take connections.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// Every instance that is ready.
    #[default]
    ActiveActive,
    /// One; the others wait.
    ActiveStandby,
}

/// How instances are spread over zones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ZoneSpread {
    /// Where that is possible.
    #[default]
    Preferred,
    /// Or not started.
    Required,
}
