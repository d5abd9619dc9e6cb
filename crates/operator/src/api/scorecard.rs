//! How ready a pipeline is for a hospital's day.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is checked of the pipeline beyond that it works now, and what would make it better.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Scorecard {
    /// How many checks pass, for instance `8 of 11`.
    #[serde(default)]
    pub summary: String,

    /// The checks, by area.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// What it is about.
    pub area: Area,

    /// What is asked.
    pub name: String,

    /// Whether it is so.
    pub passed: bool,

    /// What to do; absent when it passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// What a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Area {
    /// What the pipeline survives.
    Resilience,
    /// Who may send and read.
    Security,
    /// What its operators see and steer.
    Operation,
}
