//! What runs beside the instances while something is tried.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy};
use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use super::names::{Names, Role, TRACK, TRIAL};
use super::pod::{self, shadow_pod};
use super::workload::Workload;
use super::{Impossible, Object, Observed, Settings, config};
use crate::api::{Hl7Pipeline, Image, Mode, RolloutStatus, Stage, Trial};
use crate::rollout::in_force;

/// The component of the instance that has mappings in shadow.
pub const SHADOW: &str = "shadow";
/// The track of an instance that tries an image.
pub const CANARY: &str = "canary";

/// The Deployments that a trial needs beside what is in force by `state`.
pub fn trial(
    pipeline: &Hl7Pipeline,
    state: &RolloutStatus,
    tried: &Trial,
    observed: &Observed,
    settings: &Settings,
) -> Result<Vec<Object>, Impossible> {
    let names = Names::of(pipeline).ok_or(Impossible::Nameless)?;
    let effective = in_force(pipeline, state);
    match tried.stage {
        Stage::Watch => Ok(Vec::new()),
        Stage::Shadow => {
            let text = config::render(&effective, &names)?;
            let workload = Workload {
                pipeline: &effective,
                names: &names,
                observed,
                settings,
                config: &text,
            };
            let spec = shadow_pod(&workload, &tried.candidate);
            let labels = names.task(SHADOW);
            let deployment = one(&workload, names.shadow(), labels, tried, spec);
            Ok(vec![Object::new(&deployment)?])
        }
        Stage::Canary => {
            let mut canary = effective;
            let secrets = pipeline.spec.image.as_ref();
            let pull_secrets = secrets.map_or_else(Vec::new, |image| image.pull_secrets.clone());
            if let Some(name) = tried.candidate.first().cloned() {
                canary.spec.image = Some(Image { name, pull_secrets });
            }
            let text = config::render(&canary, &names)?;
            let workload = Workload {
                pipeline: &canary,
                names: &names,
                observed,
                settings,
                config: &text,
            };
            // With one that takes all connections, a canary of listen would take all or none.
            let alone = pipeline.spec.availability.mode == Mode::ActiveStandby;
            let roles = Role::ALL.into_iter();
            let roles = roles.filter(|role| !(alone && *role == Role::Listen));
            roles
                .map(|role| {
                    let mut labels = names.role(role);
                    labels.insert(TRACK.to_owned(), CANARY.to_owned());
                    let spec = pod::pod(&workload, role);
                    Object::new(&one(&workload, names.canary(role), labels, tried, spec))
                })
                .collect()
        }
    }
}

/// A Deployment of one instance, which another trial replaces.
fn one(
    workload: &Workload<'_>,
    name: String,
    labels: BTreeMap<String, String>,
    tried: &Trial,
    spec: PodSpec,
) -> Deployment {
    let mut of_trial = labels.clone();
    of_trial.insert(TRIAL.to_owned(), tried.id.clone());
    let rollout = &workload.pipeline.spec.rollout;
    Deployment {
        metadata: workload.names.metadata(name),
        spec: DeploymentSpec {
            replicas: Some(1),
            selector: LabelSelector {
                match_labels: Some(labels),
                ..LabelSelector::default()
            },
            progress_deadline_seconds: Some(rollout.progress_deadline_seconds),
            revision_history_limit: Some(0),
            strategy: Some(DeploymentStrategy {
                type_: Some("Recreate".to_owned()),
                rolling_update: None,
            }),
            template: PodTemplateSpec {
                metadata: Some(ObjectMeta {
                    labels: Some(of_trial),
                    annotations: Some(workload.config_annotation()),
                    ..ObjectMeta::default()
                }),
                spec: Some(spec),
            },
            ..DeploymentSpec::default()
        },
        status: None,
    }
}
