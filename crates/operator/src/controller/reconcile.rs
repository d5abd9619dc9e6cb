//! One pass over one pipeline.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::EventType;
use kube::{Api, Resource as _, ResourceExt as _};
use serde_json::json;

use super::apply::{Refusal, apply, prune, retire};
use super::judge::rolled_out;
use super::leave::{Leaving, leave};
use super::observe::{instances, mappings, observed, seen};
use super::scale::{Choice, Chosen};
use super::{Context, Error, Instances, MANAGER, Outcome, conditions};
use crate::api::{Hl7Pipeline, Hl7PipelineStatus, Mode, RoleStatus, RolloutStatus};
use crate::desired::{
    Impossible, Object, Observed, Role, desired, possible, replicas, selector, trial,
    trial_deployments,
};
use crate::rollout::{Hand, Wanted, in_force, step};
use crate::scorecard::{Seen, scorecard};

/// The annotations by which people decide about what is tried; their value is the id of the trial.
const PROMOTE: &str = "kiln.health/promote";
const ROLL_BACK: &str = "kiln.health/roll-back";

/// Holds the resource back while its senders are let go.
const FINALIZER: &str = "kiln.health/drain";
/// The manager of that one field, so that it can be taken away again without touching another.
const FINALIZER_MANAGER: &str = "kiln-operator-finalizer";

/// Makes the cluster as the pipeline says and the status as the cluster is. A second pass changes nothing.
pub async fn reconcile(pipeline: Arc<Hl7Pipeline>, context: Arc<Context>) -> Result<Action, Error> {
    let namespace = pipeline.namespace().ok_or(Error::Nameless)?;
    let held = pipeline.finalizers().iter().any(|name| name == FINALIZER);
    if pipeline.meta().deletion_timestamp.is_some() {
        if !held {
            return Ok(Action::await_change());
        }
        return match leave(&pipeline, &namespace, &context).await? {
            Leaving::Waiting(action) => Ok(action),
            Leaving::Done => {
                hold(&pipeline, &namespace, &context, false).await?;
                Ok(Action::await_change())
            }
        };
    }
    if !held {
        hold(&pipeline, &namespace, &context, true).await?;
    }
    settle(&pipeline, &namespace, &context).await
}

/// Puts the finalizer on the resource or takes it away.
async fn hold(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
    held: bool,
) -> Result<(), Error> {
    let api: Api<Hl7Pipeline> = Api::namespaced(context.client.clone(), namespace);
    let finalizers: &[&str] = if held { &[FINALIZER] } else { &[] };
    // With its uid a resource that is already gone is not made anew.
    let patch = json!({
        "apiVersion": Hl7Pipeline::api_version(&()),
        "kind": Hl7Pipeline::kind(&()),
        "metadata": {"uid": pipeline.meta().uid, "finalizers": finalizers},
    });
    let parameters = PatchParams::apply(FINALIZER_MANAGER).force();
    match api
        .patch(&pipeline.name_any(), &parameters, &Patch::Apply(patch))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if !held && matches!(status.code, 404 | 409) => Ok(()),
        Err(source) => Err(Error::api("change the finalizer", source)),
    }
}

async fn settle(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    context: &Context,
) -> Result<Action, Error> {
    let name = pipeline.name_any();
    let now = jiff::Timestamp::now();
    let before = pipeline.status.clone().unwrap_or_default();
    let mappings = mappings(pipeline, namespace, context).await?;
    let mut observed = observed(&mappings, context);
    let asked = possible(pipeline, &observed);
    let rollout = match &asked {
        Ok(()) => roll_out(pipeline, context),
        // What runs is left as it is.
        Err(_) => before.rollout.clone(),
    };
    let (choice, (outcome, failed)) = match context.numbers.choose(pipeline, now) {
        Ok(choice) => {
            observed.listen = choice.listen.as_ref().map(|(number, _)| *number);
            observed.transform = choice.transform.as_ref().map(|(number, _)| *number);
            let done = match asked {
                Ok(()) => carry_out(pipeline, &rollout, namespace, &observed, context).await?,
                Err(why) => (Outcome::Impossible(why), None),
            };
            (choice, done)
        }
        Err(why) => (Choice::default(), (Outcome::Impossible(why.into()), None)),
    };
    if pipeline.spec.availability.mode == Mode::ActiveStandby {
        let taken = super::activate::activate(&context.client, namespace, &name).await?;
        if let Some(pod) = taken {
            let note = format!("{pod} takes the connections now");
            tell(pipeline, context, "TakenOver", "Activate", note).await;
        }
    }
    let found = async |role, chosen| {
        let wanted = replicas(pipeline, role, chosen);
        instances(&context.client, namespace, &name, role, wanted).await
    };
    let listen = found(Role::Listen, observed.listen).await?;
    let transform = found(Role::Transform, observed.transform).await?;
    let ready = (listen.ready, transform.ready);
    let seen = seen(pipeline, namespace, context, ready, &mappings).await?;
    let topics = context.topics.of(pipeline);
    let status = status(
        pipeline,
        &choice,
        &outcome,
        (&listen, &transform),
        (topics.as_deref(), rollout),
        &seen,
    );
    if pipeline.status.as_ref() != Some(&status) {
        write(pipeline, namespace, &status, context).await?;
        announce(pipeline, &status, context).await;
    }
    if let Some(refusal) = failed {
        let action = format!("apply {} {}", refusal.kind, refusal.name);
        return Err(Error::api(action, refusal.source));
    }
    context.retries.settled(&key(pipeline));
    Ok(Action::await_change())
}

/// The name under which something is remembered of a pipeline.
pub(super) fn key(pipeline: &Hl7Pipeline) -> String {
    let namespace = pipeline.namespace().unwrap_or_default();
    format!("{namespace}/{}", pipeline.name_any())
}

async fn carry_out(
    pipeline: &Hl7Pipeline,
    rollout: &RolloutStatus,
    namespace: &str,
    observed: &Observed,
    context: &Context,
) -> Result<(Outcome, Option<Refusal>), Error> {
    let objects = match objects(pipeline, rollout, observed, context) {
        Ok(objects) => objects,
        Err(why) => return Ok((Outcome::Impossible(why), None)),
    };
    match apply(&context.client, namespace, &objects).await {
        Ok(()) => {
            prune(&context.client, namespace, pipeline, &objects).await?;
            end_trials(pipeline, namespace, &objects, context).await?;
            Ok((Outcome::Applied(objects.len()), None))
        }
        Err(refusal) => {
            let message = match &refusal.source {
                kube::Error::Api(status) => status.message.clone(),
                other => other.to_string(),
            };
            let object = format!("{} {}", refusal.kind, refusal.name);
            Ok((Outcome::Refused { object, message }, Some(refusal)))
        }
    }
}

/// What is in force, and what is tried beside it.
fn objects(
    pipeline: &Hl7Pipeline,
    rollout: &RolloutStatus,
    observed: &Observed,
    context: &Context,
) -> Result<Vec<Object>, Impossible> {
    let effective = in_force(pipeline, rollout);
    let mut objects = desired(&effective, observed, &context.settings)?;
    if let Some(tried) = &rollout.trial {
        objects.extend(trial(
            pipeline,
            rollout,
            tried,
            observed,
            &context.settings,
        )?);
    }
    Ok(objects)
}

/// Ends the instances of a trial that is over. It runs with the pass that ends it, and where something was tried before, with
/// each.
async fn end_trials(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    objects: &[Object],
    context: &Context,
) -> Result<(), Error> {
    let known = pipeline.status.as_ref().map(|status| &status.rollout);
    if known.is_none_or(|known| known.trial.is_none()) {
        return Ok(());
    }
    for name in trial_deployments(&pipeline.name_any()) {
        if objects.iter().all(|object| object.name() != name) {
            retire(&context.client, namespace, &name).await?;
        }
    }
    Ok(())
}

fn status(
    pipeline: &Hl7Pipeline,
    choice: &Choice,
    outcome: &Outcome,
    (listen, transform): (&Instances, &Instances),
    (topics, rollout): (Option<&[String]>, RolloutStatus),
    seen: &Seen,
) -> Hl7PipelineStatus {
    let name = pipeline.name_any();
    let before = pipeline.status.clone().unwrap_or_default();
    let now = Time(Timestamp::now());
    let role = |role, instances: &Instances, chosen: &Chosen, before: RoleStatus| {
        let (number, reason) = chosen.clone().unzip();
        // A schedule that cannot be read leaves the number as it is.
        let known = Some(before.desired_replicas).filter(|known| *known > 0);
        let desired_replicas = replicas(pipeline, role, number.or(known));
        let scaled = ![0, desired_replicas].contains(&before.desired_replicas) && chosen.is_some();
        RoleStatus {
            replicas: instances.replicas,
            ready_replicas: instances.ready,
            desired_replicas,
            reason: reason.unwrap_or_default(),
            last_scaled: if scaled {
                Some(now.clone())
            } else {
                before.last_scaled
            },
            selector: selector(&name, role),
        }
    };
    Hl7PipelineStatus {
        conditions: conditions(
            &name,
            pipeline.meta().generation,
            outcome,
            (listen, transform),
            (topics, rolled_out(&pipeline.spec.rollout, &rollout)),
            &before.conditions,
            &now,
        ),
        observed_generation: pipeline.meta().generation,
        listen: role(Role::Listen, listen, &choice.listen, before.listen),
        transform: role(
            Role::Transform,
            transform,
            &choice.transform,
            before.transform,
        ),
        rollout,
        scorecard: scorecard(pipeline, seen),
    }
}

/// What is in force, tried and refused now.
fn roll_out(pipeline: &Hl7Pipeline, context: &Context) -> RolloutStatus {
    let before = pipeline.status.clone().unwrap_or_default().rollout;
    let annotation = |name: &str| pipeline.annotations().get(name).cloned();
    let hand = Hand {
        promote: annotation(PROMOTE),
        roll_back: annotation(ROLL_BACK),
    };
    let wanted = Wanted::of(pipeline, &context.settings.image);
    let seen = context.trials.seen(pipeline);
    let policy = &pipeline.spec.rollout;
    step(
        Timestamp::now(),
        policy,
        &wanted,
        &before,
        seen.as_ref(),
        &hand,
    )
}

/// Writes the whole status, so that nothing of an older one stays.
async fn write(
    pipeline: &Hl7Pipeline,
    namespace: &str,
    status: &Hl7PipelineStatus,
    context: &Context,
) -> Result<(), Error> {
    let api: Api<Hl7Pipeline> = Api::namespaced(context.client.clone(), namespace);
    let patch = json!({
        "apiVersion": Hl7Pipeline::api_version(&()),
        "kind": Hl7Pipeline::kind(&()),
        "status": status,
    });
    let parameters = PatchParams::apply(MANAGER).force();
    match api
        .patch_status(&pipeline.name_any(), &parameters, &Patch::Apply(patch))
        .await
    {
        Ok(_) => Ok(()),
        // It was deleted in between.
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(source) => Err(Error::api("write the status", source)),
    }
}

/// An Event for each condition that has another reason now, and for each role that scaling gave another number.
async fn announce(pipeline: &Hl7Pipeline, status: &Hl7PipelineStatus, context: &Context) {
    let before = pipeline.status.clone().unwrap_or_default();
    for (role, before, now) in [
        (Role::Listen, &before.listen, &status.listen),
        (Role::Transform, &before.transform, &status.transform),
    ] {
        if now.last_scaled != before.last_scaled {
            let note = format!("{} {}", role.word(), now.reason);
            tell(pipeline, context, "Scaled", "Scale", note).await;
        }
    }
    for condition in &status.conditions {
        let known = before
            .conditions
            .iter()
            .any(|known| known.type_ == condition.type_ && known.reason == condition.reason);
        if !known {
            tell(
                pipeline,
                context,
                &condition.reason,
                &condition.type_,
                condition.message.clone(),
            )
            .await;
        }
    }
}

/// Reasons that someone should look at.
const WARNINGS: [&str; 8] = [
    "NoListener",
    "NotTransforming",
    "Stuck",
    "Impossible",
    "Refused",
    "Drifted",
    "TopicsNotDeleted",
    "RolledBack",
];

/// Writes an Event about a pipeline.
pub(super) async fn tell(
    pipeline: &Hl7Pipeline,
    context: &Context,
    reason: &str,
    action: &str,
    note: String,
) {
    let importance = if WARNINGS.contains(&reason) {
        EventType::Warning
    } else {
        EventType::Normal
    };
    let about = pipeline.object_ref(&());
    context
        .tell(&about, (importance, reason, action), note)
        .await;
}
