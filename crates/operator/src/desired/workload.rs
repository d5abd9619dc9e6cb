//! The Deployment of a role.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use sha2::{Digest as _, Sha256};

use super::names::{Names, Role};
use super::pod::pod;
use super::{Observed, Settings, replicas};
use crate::api::Hl7Pipeline;

/// The annotation of a pod with the digest of the configuration that it started with. A change of the configuration is thus
/// a rollout like any other.
const CONFIG_DIGEST: &str = "kiln.health/config";
/// So many bytes of the digest are shown.
const DIGEST_BYTES: usize = 8;
/// Old revisions that can be gone back to with `kubectl rollout undo`.
const HISTORY: i32 = 5;

/// What a Deployment is made of.
pub(super) struct Workload<'a> {
    pub(super) pipeline: &'a Hl7Pipeline,
    pub(super) names: &'a Names,
    pub(super) observed: &'a Observed,
    pub(super) settings: &'a Settings,
    /// Text of `kiln.yaml`.
    pub(super) config: &'a str,
}

impl Workload<'_> {
    /// What makes another configuration another template.
    pub(super) fn config_annotation(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(CONFIG_DIGEST.to_owned(), digest(self.config))])
    }

    pub(super) fn deployment(&self, role: Role) -> Deployment {
        let rollout = &self.pipeline.spec.rollout;
        let chosen = match role {
            Role::Listen => self.observed.listen,
            Role::Transform => self.observed.transform,
        };
        Deployment {
            metadata: self.names.metadata(self.names.of_role(role)),
            spec: DeploymentSpec {
                replicas: Some(replicas(self.pipeline, role, chosen)),
                selector: self.names.select(role),
                min_ready_seconds: Some(rollout.min_ready_seconds),
                // Kubernetes wants it above the time that an instance must stay ready.
                progress_deadline_seconds: Some(
                    rollout
                        .progress_deadline_seconds
                        .max(rollout.min_ready_seconds + 1),
                ),
                revision_history_limit: Some(HISTORY),
                strategy: Some(DeploymentStrategy {
                    type_: Some("RollingUpdate".to_owned()),
                    rolling_update: Some(RollingUpdateDeployment {
                        max_surge: Some(IntOrString::Int(1)),
                        max_unavailable: Some(IntOrString::Int(0)),
                    }),
                }),
                template: PodTemplateSpec {
                    metadata: Some(ObjectMeta {
                        labels: Some(self.names.role(role)),
                        annotations: Some(self.config_annotation()),
                        ..ObjectMeta::default()
                    }),
                    spec: Some(pod(self, role)),
                },
                ..DeploymentSpec::default()
            },
            status: None,
        }
    }
}

fn digest(text: &str) -> String {
    use std::fmt::Write as _;
    let mut shown = String::with_capacity(2 * DIGEST_BYTES);
    for byte in Sha256::digest(text.as_bytes()).iter().take(DIGEST_BYTES) {
        let _ = write!(shown, "{byte:02x}");
    }
    shown
}
