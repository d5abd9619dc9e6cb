//! The `Hl7Pipeline` resource.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::{DeletionPolicy, Kafka, Listener, NamedObject, Output, Role, RoleStatus};

/// A pipeline from HL7v2 senders to FHIR R4 in Kafka. `listen` instances take messages over MLLP, keep each one in the raw
/// topic and only then acknowledge it; `transform` instances turn the raw topic into FHIR, exactly once.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "kiln.health",
    version = "v1alpha1",
    kind = "Hl7Pipeline",
    plural = "hl7pipelines",
    namespaced,
    shortname = "hp",
    category = "kiln",
    derive = "PartialEq",
    status = "Hl7PipelineStatus",
    doc = "A pipeline from HL7v2 senders to FHIR R4 in Kafka.",
    scale(
        spec_replicas_path = ".spec.listen.replicas",
        status_replicas_path = ".status.listen.replicas",
        label_selector_path = ".status.listen.selector"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#,
        description = "Whether senders are served and their messages transformed"
    ),
    printcolumn(
        name = "Listen",
        type_ = "integer",
        json_path = ".status.listen.readyReplicas",
        description = "Ready instances of listen"
    ),
    printcolumn(
        name = "Transform",
        type_ = "integer",
        json_path = ".status.transform.readyReplicas",
        description = "Ready instances of transform"
    ),
    printcolumn(
        name = "Reason",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#,
        description = "Why it is ready or not",
        priority = 1
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp"
    )
)]
#[serde(rename_all = "camelCase")]
pub struct Hl7PipelineSpec {
    /// The Kafka that keeps the messages and takes the output.
    pub kafka: Kafka,

    /// The ports on which senders connect, at least one.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = Rule::new("self.all(a, self.exists_one(b, b.port == a.port))")
            .message("two listeners have the same port; give each its own")
            .reason(Reason::FieldValueDuplicate)
    )]
    pub listeners: Vec<Listener>,

    /// `FhirMapping`s laid over the maps that Kiln brings, in this order: a later one wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, b.name == a.name))")
        .message("a mapping is named twice; the order of two would be unclear")
        .reason(Reason::FieldValueDuplicate))]
    pub mappings: Vec<NamedObject>,

    /// Instances that senders connect to. `kubectl scale` sets their number.
    #[serde(default)]
    pub listen: Role,

    /// Instances that turn raw messages into FHIR.
    #[serde(default)]
    pub transform: Role,

    /// The shape of the output.
    #[serde(default)]
    pub output: Output,

    /// What happens to the topics when this resource is deleted: `Retain` (they stay) or `Delete`.
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

/// What was last observed of the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hl7PipelineStatus {
    /// State of the pipeline, each with a reason and a sentence that explains it. `Ready` is true when senders are served
    /// and their messages transformed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["type".into()]))]
    pub conditions: Vec<Condition>,

    /// The generation of the spec that this status speaks of. Older than `metadata.generation`: the last change was not
    /// yet acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// Instances of `listen`.
    #[serde(default)]
    pub listen: RoleStatus,

    /// Instances of `transform`.
    #[serde(default)]
    pub transform: RoleStatus,
}
