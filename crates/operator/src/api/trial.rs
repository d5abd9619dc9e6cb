//! What is in force, what is tried, and what became of what was tried.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far the image and the mappings that the spec asks for have come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutStatus {
    /// In one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,

    /// The image in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,

    /// The mappings in force.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mappings: Vec<String>,

    /// What is tried now, or watched after it came into force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,

    /// The ids of what the spec asks for and was rolled back. It is not tried again until the spec asks for something else, or
    /// someone promotes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<String>,

    /// The last changes, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Change>,
}

/// Something that is tried or watched, and what is seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    /// By which it is promoted or rolled back: `kubectl annotate hl7pipeline NAME kiln.health/promote=ID`.
    pub id: String,

    /// What it is.
    pub of: TrialOf,

    /// How far it is.
    pub stage: Stage,

    /// The image, or the mappings in their order.
    #[serde(default)]
    pub candidate: Vec<String>,

    /// What is in force without it.
    #[serde(default)]
    pub before: Vec<String>,

    /// Since when it is at this stage.
    pub since: Time,

    /// What is waited for.
    #[serde(default)]
    pub reason: String,

    /// Messages that it worked on at this stage.
    #[serde(default)]
    pub messages: i64,

    /// Those of them for which mappings in shadow gave other FHIR.
    #[serde(default)]
    pub differing: i64,

    /// Those of them that failed; in shadow, those that the mappings in force convert.
    #[serde(default)]
    pub failing: i64,

    /// How many of a thousand failed without it.
    #[serde(default)]
    pub usual_per_thousand: i64,

    /// What mappings in shadow change, the most frequent first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ElementChange>,
}

/// What is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrialOf {
    /// An image.
    Image,
    /// A list of mappings.
    Mappings,
}

/// How far something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Stage {
    /// Mappings convert live messages beside those in force.
    Shadow,
    /// An image runs on one instance of each role.
    Canary,
    /// It is in force, and watched.
    Watch,
}

/// How often mappings change an element. No value of a message is ever here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ElementChange {
    /// `added`, `removed` or `changed`.
    pub kind: String,

    /// The element, for instance `Patient.name.family`; a type for a whole resource.
    pub element: String,

    /// In how many places of messages.
    pub count: i64,
}

/// A change that came to an end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When.
    pub at: Time,

    /// What it was.
    pub of: TrialOf,

    /// The image, or the mappings.
    #[serde(default)]
    pub what: Vec<String>,

    /// What became of it.
    pub outcome: ChangeOutcome,

    /// Why.
    #[serde(default)]
    pub reason: String,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ChangeOutcome {
    /// It came into force without a trial.
    Direct,
    /// It came into force by a trial or by hand.
    Promoted,
    /// It was over its budget, broken, or rolled back by hand.
    RolledBack,
    /// The spec asked for something else before it was decided.
    Withdrawn,
}
