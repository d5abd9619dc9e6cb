//! The `FhirMapping` resource.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use super::NamedObject;

/// A site's own maps, laid over those that Kiln brings: rows added or replaced, Z-segments, code tables.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "kiln.health",
    version = "v1alpha1",
    kind = "FhirMapping",
    plural = "fhirmappings",
    namespaced,
    shortname = "fm",
    category = "kiln",
    derive = "PartialEq",
    status = "FhirMappingStatus",
    doc = "A site's own maps, laid over those that Kiln brings.",
    printcolumn(
        name = "Valid",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Valid")].status"#,
        description = "Whether the maps compile"
    ),
    printcolumn(
        name = "Version",
        type_ = "string",
        json_path = ".status.version",
        description = "Digest of the maps, as in the header `mapping` of each record"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct FhirMappingSpec {
    /// ConfigMap that holds the overlay: each key is the name of a map file, its value the YAML of the rows that are added
    /// or replaced.
    pub config_map: NamedObject,
}

/// What was last observed of the maps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct FhirMappingStatus {
    /// State of the maps. `Valid` is true when they compile; its message names file, line and fix when they do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// The generation of the spec that this status speaks of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Digest of the maps that were compiled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
