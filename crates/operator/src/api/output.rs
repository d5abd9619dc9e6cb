//! What the output looks like, and what becomes of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The shape of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// `Resources`: each resource is a record in `<prefix>.fhir.<ResourceType>`. `Bundles`: each message is one transaction
    /// Bundle in `<prefix>.fhir`.
    #[serde(default)]
    pub layout: Layout,

    /// The profile of FHIR R4 that resources aim at: `R4` itself, or `USCore`, US Core 6.1.0. A change takes effect with the next
    /// rollout, and changes ids of what no system identifies.
    #[serde(default)]
    pub profile: Profile,
}

/// A profile of FHIR R4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// R4 itself.
    #[default]
    R4,
    /// US Core 6.1.0.
    #[serde(rename = "USCore")]
    UsCore,
}

/// One record a resource, or one record a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Layout {
    /// A topic for each resource type, a record for each resource.
    #[default]
    Resources,
    /// One topic, a record for each message.
    Bundles,
}

/// What happens to the topics when the pipeline is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The topics stay with all they hold.
    #[default]
    Retain,
    /// The topics are deleted with the pipeline: once its instances have ended, a Job does it, and the pipeline is held
    /// until it has. Raw messages, FHIR, dead letters and audit events are gone for good.
    Delete,
}
