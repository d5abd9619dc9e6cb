//! A pipeline that is being deleted: senders are let go first.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};
use serde_json::json;

use super::observe::pods;
use super::{Context, Error, MANAGER};
use crate::api::Hl7Pipeline;
use crate::desired::Role;

/// How long beyond `rollout.drainSeconds` the instances of listen are waited for. A node that is gone never says that its
/// pods ended.
const LEAVE_MARGIN_SECONDS: i64 = 60;
/// When to look again if nothing is reported.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What is left to do before the resource may go.
pub(super) enum Leaving {
    /// Instances of listen still answer what they have in hand.
    Draining(Action),
    /// Nothing: the rest goes with its owner, and the topics stay.
    Done,
}

/// Ends listen and waits until its instances are gone; transform ends with its owner, its position committed.
pub(super) async fn leave(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<Leaving, Error> {
    let name = pipeline.name_any();
    let deployment = format!("{name}-{}", Role::Listen.word());
    let api: Api<Deployment> = Api::namespaced(context.client.clone(), namespace);
    let parameters = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    let none = Patch::Merge(json!({"spec": {"replicas": 0}}));
    match api.patch(&deployment, &parameters, &none).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => return Ok(Leaving::Done),
        Err(source) => return Err(Error::api(format!("end Deployment {deployment}"), source)),
    }
    let left = pods(&context.client, namespace, &name, Role::Listen).await?;
    if left.is_empty() || overdue(pipeline) {
        return Ok(Leaving::Done);
    }
    tracing::info!(pipeline = name, instances = left.len(), "listen is drained");
    Ok(Leaving::Draining(Action::requeue(LOOK_AGAIN)))
}

fn overdue(pipeline: &Hl7Pipeline) -> bool {
    let limit = i64::from(pipeline.spec.rollout.drain_seconds) + LEAVE_MARGIN_SECONDS;
    pipeline
        .metadata
        .deletion_timestamp
        .as_ref()
        .is_some_and(|since| Timestamp::now().as_second() - since.0.as_second() > limit)
}
