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

    /// Other `mappings` are tried in shadow first: beside the running instances one more converts the live messages by them,
    /// into topics `<prefix>.shadow.fhir.<ResourceType>`, and counts what differs by element. They come into force when they
    /// stay within these budgets. Without it other mappings come into force at once. What is tried is another list of
    /// mappings: the rows of a mapping that is in force already take effect when its ConfigMap changes, so give new rows a
    /// new `FhirMapping`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,

    /// Another image is tried on a canary first: one more instance of each role, which takes its share of connections and
    /// partitions. It reaches the others when the canary stays within these budgets. Without it another image reaches all
    /// instances, one after another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,

    /// For so many seconds after mappings or an image came into force by a trial, they are watched: when more messages fail
    /// than the trial's budget allows, what was before is in force again. 0: they are not watched.
    #[serde(default = "Rollout::watch")]
    #[schemars(range(min = 0, max = 86400))]
    pub watch_seconds: i32,
}

/// What mappings in shadow may cost, and what they must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Shadow {
    /// Whether mappings that stay within the budgets come into force by themselves (`Automatic`) or when someone annotates the
    /// pipeline with `kiln.health/promote=<id>` (`Manual`). The annotation `kiln.health/roll-back=<id>` ends a trial. The id
    /// is in `status.rollout.trial`.
    #[serde(default)]
    pub promotion: Promotion,

    /// So many messages must have been compared.
    #[serde(default = "least_messages")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub least_messages: i32,

    /// So many seconds they must have been in shadow.
    #[serde(default = "least_seconds")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub least_seconds: i32,

    /// Of a thousand messages so many may give other FHIR. 1000, the default, allows any: mappings are changed to change
    /// something.
    #[serde(default = "Shadow::differing")]
    #[schemars(range(min = 0, max = 1000))]
    pub differing_per_thousand: i32,

    /// Of a thousand messages so many may fail that the mappings in force convert.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1000))]
    pub failing_per_thousand: i32,
}

impl Shadow {
    fn differing() -> i32 {
        1000
    }
}

/// What an image on a canary may cost, and what it must show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Canary {
    /// Whether an image that stays within the budgets reaches the others by itself (`Automatic`) or when someone annotates the
    /// pipeline with `kiln.health/promote=<id>` (`Manual`). The annotation `kiln.health/roll-back=<id>` ends a trial. The id
    /// is in `status.rollout.trial`.
    #[serde(default)]
    pub promotion: Promotion,

    /// So many messages the canary must have received and transformed; one that did both with a message counts it twice.
    #[serde(default = "least_messages")]
    #[schemars(range(min = 1, max = 10_000_000))]
    pub least_messages: i32,

    /// So many seconds it must have run.
    #[serde(default = "least_seconds")]
    #[schemars(range(min = 0, max = 2_592_000))]
    pub least_seconds: i32,

    /// Of a thousand messages so many more may be refused or become dead letters than on the other instances.
    #[serde(default = "Canary::failing")]
    #[schemars(range(min = 0, max = 1000))]
    pub failing_per_thousand: i32,

    /// So many milliseconds the 99th percentile of its acknowledgments may take.
    #[serde(default = "Canary::ack")]
    #[schemars(range(min = 1, max = 60_000))]
    pub ack_milliseconds: i32,
}

impl Canary {
    fn failing() -> i32 {
        1
    }

    fn ack() -> i32 {
        1000
    }
}

fn least_messages() -> i32 {
    500
}

fn least_seconds() -> i32 {
    600
}

/// Who decides that something that was tried comes into force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Promotion {
    /// Its budgets do.
    #[default]
    Automatic,
    /// A person does.
    Manual,
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

    fn watch() -> i32 {
        300
    }
}

impl Default for Rollout {
    fn default() -> Self {
        Rollout {
            min_ready_seconds: Rollout::min_ready(),
            progress_deadline_seconds: Rollout::deadline(),
            drain_seconds: Rollout::drain(),
            shadow: None,
            canary: None,
            watch_seconds: Rollout::watch(),
        }
    }
}
