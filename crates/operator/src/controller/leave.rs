//! A pipeline that is being deleted: senders are let go first, and topics last where they are to go too.
//!
//! ```text
//!  end listen ──▶ its instances are gone ──┬─ Retain ───────────────────────────────────────▶ done
//!                                          └─ Delete ──▶ end transform ──▶ Job ──▶ complete ──▶ done
//! ```

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::jiff::Timestamp;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt as _};

use super::apply::{apply, retire};
use super::observe::pods;
use super::reconcile::tell;
use super::{Context, Error};
use crate::api::{DeletionPolicy, Hl7Pipeline};
use crate::desired::{Role, farewell, farewell_job, trial_deployments};

/// How long beyond `rollout.drainSeconds` the instances of a role are waited for. A node that is gone never says that its
/// pods ended.
const LEAVE_MARGIN_SECONDS: i64 = 60;
/// When to look again if nothing is reported.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// What is left to do before the resource may go.
pub(super) enum Leaving {
    /// Instances still answer what they have in hand, or topics are being deleted.
    Waiting(Action),
    /// Nothing: the rest goes with its owner.
    Done,
}

/// Ends listen and waits until its instances are gone. Where the topics stay, transform ends with its owner, its position
/// committed; else it ends before they are deleted.
pub(super) async fn leave(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<Leaving, Error> {
    for deployment in trial_deployments(&pipeline.name_any()) {
        retire(&context.client, namespace, &deployment).await?;
    }
    if !ended(pipeline, namespace, Role::Listen, context).await? {
        return Ok(Leaving::Waiting(Action::requeue(LOOK_AGAIN)));
    }
    if pipeline.spec.deletion_policy == DeletionPolicy::Retain {
        return Ok(Leaving::Done);
    }
    if !ended(pipeline, namespace, Role::Transform, context).await? {
        return Ok(Leaving::Waiting(Action::requeue(LOOK_AGAIN)));
    }
    if topics_are_gone(pipeline, namespace, context).await? {
        return Ok(Leaving::Done);
    }
    Ok(Leaving::Waiting(Action::requeue(LOOK_AGAIN)))
}

/// Ends a role; whether none of its instances is left, or can be waited for.
async fn ended(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    role: Role,
    context: &Context,
) -> Result<bool, Error> {
    let name = pipeline.name_any();
    let deployment = format!("{name}-{}", role.word());
    if !retire(&context.client, namespace, &deployment).await? {
        return Ok(true);
    }
    let left = pods(&context.client, namespace, &name, role).await?;
    if left.is_empty() || overdue(pipeline, role) {
        return Ok(true);
    }
    let (role, instances) = (role.word(), left.len());
    tracing::info!(pipeline = name, role, instances, "the instances are to end");
    Ok(false)
}

/// Listen ends first; transform has as long after it.
fn overdue(pipeline: &Hl7Pipeline, role: Role) -> bool {
    let each = i64::from(pipeline.spec.rollout.drain_seconds) + LEAVE_MARGIN_SECONDS;
    let limit = match role {
        Role::Listen => each,
        Role::Transform => 2 * each,
    };
    pipeline
        .metadata
        .deletion_timestamp
        .as_ref()
        .is_some_and(|since| Timestamp::now().as_second() - since.0.as_second() > limit)
}

/// Has a Job delete the topics; whether it did. One that failed stays, and holds the pipeline, until someone who has put
/// right what its log says deletes it, or sets `deletionPolicy: Retain`.
async fn topics_are_gone(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<bool, Error> {
    let name = farewell_job(&pipeline.name_any());
    let api: Api<Job> = Api::namespaced(context.client.clone(), namespace);
    let job = api
        .get_opt(&name)
        .await
        .map_err(|source| Error::api(format!("read Job {name}"), source))?;
    let Some(job) = job else {
        // Its pod's template cannot be changed, so that it is applied once.
        let objects = match farewell(pipeline, &context.settings) {
            Ok(objects) => objects,
            Err(why) => {
                let note = format!("no Job can delete the topics: {why}");
                tell(pipeline, context, "TopicsNotDeleted", "Delete", note).await;
                return Ok(false);
            }
        };
        let applied = apply(&context.client, namespace, &objects).await;
        return match applied {
            Ok(()) => Ok(false),
            Err(refusal) => {
                let action = format!("apply {} {}", refusal.kind, refusal.name);
                Err(Error::api(action, refusal.source))
            }
        };
    };
    let conditions = job.status.and_then(|status| status.conditions);
    let holds = |kind: &str| {
        let mut conditions = conditions.iter().flatten();
        conditions.any(|known| known.type_ == kind && known.status == "True")
    };
    if holds("Complete") {
        let note = "the topics were deleted with all they held".to_owned();
        tell(pipeline, context, "TopicsDeleted", "Delete", note).await;
        return Ok(true);
    }
    if holds("Failed") {
        let note = format!(
            "Job {name} could not delete the topics: `kubectl logs job/{name}` says why; put it right and delete the Job, which is then made anew, or set deletionPolicy to Retain"
        );
        tell(pipeline, context, "TopicsNotDeleted", "Delete", note).await;
    }
    Ok(false)
}
