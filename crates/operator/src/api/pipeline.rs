//! The `Hl7Pipeline` resource.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Availability, DeletionPolicy, Kafka, Listen, Listener, NamedObject, Output, RoleStatus,
    Rollout, RolloutStatus, Scorecard, Transform,
};

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
    validation = Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 40")
        .message("the name is part of the names of Services: a letter, then letters, digits and `-`, at most 40, all in lower case"),
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
        name = "Wanted",
        type_ = "string",
        json_path = ".status.listen.reason",
        description = "Why listen has so many instances",
        priority = 1
    ),
    printcolumn(
        name = "Rollout",
        type_ = "string",
        json_path = ".status.rollout.summary",
        description = "What is tried, or was rolled back and why",
        priority = 1
    ),
    printcolumn(
        name = "Scorecard",
        type_ = "string",
        json_path = ".status.scorecard.summary",
        description = "How many checks of readiness pass",
        priority = 1
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
#[x_kube(validation = Rule::new("!has(self.transform.scaling) || self.transform.scaling.maxReplicas <= self.kafka.topics.partitions")
    .message("transform.scaling.maxReplicas is above kafka.topics.partitions; the instances beyond it would have nothing to read")
    .field_path(".transform.scaling.maxReplicas"))]
#[x_kube(validation = Rule::new("self.availability.mode != 'ActiveStandby' || !has(self.listen.scaling)")
    .message("with ActiveStandby one instance takes all connections, so that more of them help nobody; leave listen.scaling out")
    .field_path(".listen.scaling"))]
pub struct Hl7PipelineSpec {
    /// The Kafka that keeps the messages and takes the output.
    pub kafka: Kafka,

    /// The ports on which senders connect, at least one.
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(
        merge_strategy = ListMerge::Map(vec!["name".into()]),
        validation = Rule::new("self.all(a, self.exists_one(b, b.port == a.port))")
            .message("two listeners have the same port; give each its own"),
        validation = Rule::new("self.all(a, !has(a.exposure.nodePort) || self.exists_one(b, has(b.exposure.nodePort) && b.exposure.nodePort == a.exposure.nodePort))")
            .message("two listeners have the same nodePort; give each its own")
    )]
    pub listeners: Vec<Listener>,

    /// `FhirMapping`s laid over the maps that Kiln brings, in this order: a later one wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 32))]
    #[x_kube(validation = Rule::new("self.all(a, self.exists_one(b, b.name == a.name))")
        .message("a mapping is named twice; the order of two would be unclear"))]
    pub mappings: Vec<NamedObject>,

    /// Instances that senders connect to.
    #[serde(default)]
    pub listen: Listen,

    /// Instances that turn raw messages into FHIR.
    #[serde(default)]
    pub transform: Transform,

    /// The site's offset from UTC (`+01:00`), for times in messages that do not state one.
    #[serde(default = "Hl7PipelineSpec::utc")]
    #[schemars(regex(pattern = r"^(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])$"))]
    pub time_zone: String,

    /// What is done so that the loss of an instance, a node or a zone is short.
    #[serde(default)]
    pub availability: Availability,

    /// How a change reaches the instances.
    #[serde(default)]
    pub rollout: Rollout,

    /// The image of the instances. The one of the operator's own version when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,

    /// Who may read the metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,

    /// The shape of the output.
    #[serde(default)]
    pub output: Output,

    /// What happens to the topics when this resource is deleted: `Retain` (they stay) or `Delete` (a Job deletes them with all
    /// they hold, once the instances have ended).
    #[serde(default)]
    pub deletion_policy: DeletionPolicy,
}

impl Hl7PipelineSpec {
    fn utc() -> String {
        "+00:00".to_owned()
    }
}

/// The image of the instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// Name with tag or digest, for instance `registry.example.org/kiln:0.1.0`.
    #[schemars(length(min = 1, max = 512))]
    pub name: String,

    /// Secrets with the credentials of the registry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub pull_secrets: Vec<NamedObject>,
}

/// Who may read the metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Monitoring {
    /// Namespace whose pods may read `/metrics` through the NetworkPolicy. The same port takes the requests to drain and to
    /// shed connections, so name one that runs Prometheus and little else.
    #[schemars(length(min = 1, max = 63))]
    pub namespace: String,
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

    /// How far the image and the mappings that the spec asks for have come.
    #[serde(default)]
    pub rollout: RolloutStatus,

    /// How ready the pipeline is for what may come, each shortcoming with its fix.
    #[serde(default)]
    pub scorecard: Scorecard,
}
