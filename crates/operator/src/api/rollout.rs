//! How a change reaches the instances.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a new image or configuration replaces the running instances: one more is started, and only when it is ready one of
/// the old is drained and ended, so that the number that serve never falls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rollout {
    /// How many seconds a new instance must stay ready before the next one is replaced.
    #[serde(default = "Rollout::min_ready")]
    #[schemars(range(min = 0, max = 3600))]
    pub min_ready_seconds: i32,

    /// After how many seconds without progress a rollout counts as stuck: the condition `Progressing` turns false and says
    /// which instance does not get ready. The old instances go on serving.
    #[serde(default = "Rollout::deadline")]
    #[schemars(range(min = 30, max = 86400))]
    pub progress_deadline_seconds: i32,

    /// How many seconds an instance that is replaced has to finish the messages in hand, acknowledge them and close its
    /// connections.
    #[serde(default = "Rollout::drain")]
    #[schemars(range(min = 1, max = 600))]
    pub drain_seconds: i32,
}

impl Rollout {
    fn min_ready() -> i32 {
        5
    }

    fn deadline() -> i32 {
        600
    }

    fn drain() -> i32 {
        25
    }
}

impl Default for Rollout {
    fn default() -> Self {
        Rollout {
            min_ready_seconds: Rollout::min_ready(),
            progress_deadline_seconds: Rollout::deadline(),
            drain_seconds: Rollout::drain(),
        }
    }
}
