//! Looks over the instances every few seconds: what they measure decides how many there should be, and what they say of their
//! maps becomes the status of these, what they say of their topics a condition.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use jiff::Timestamp;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::Sender;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::instance::Instance;
use super::known::Known;
use super::reconcile::key;
use super::{mapping, topics, trial};
use crate::api::Hl7Pipeline;
use crate::desired::Role;
use crate::scaling::Reading;

/// How often instances are asked.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Pipelines that are looked at at once, and instances of each that are asked at once.
pub(super) const PIPELINES_AT_ONCE: usize = 8;
pub(super) const INSTANCES_AT_ONCE: usize = 8;

/// Looks until `stop`; pipelines whose number is to change are woken.
pub(super) async fn look(
    context: Arc<Context>,
    known: Known,
    wake: Sender<ObjectRef<Hl7Pipeline>>,
    stop: CancellationToken,
) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let pipelines = known.pipelines.state();
        let there: HashSet<String> = pipelines.iter().map(|pipeline| key(pipeline)).collect();
        context.numbers.retain(|key| there.contains(key));
        context.topics.retain(|key| there.contains(key));
        context.trials.retain(|key| there.contains(key));
        let mut scaled = pipelines.clone();
        scaled.retain(|pipeline| Role::ALL.into_iter().any(|role| scales(pipeline, role)));
        stream::iter(scaled)
            .for_each_concurrent(PIPELINES_AT_ONCE, |pipeline| {
                measure(pipeline, &known, &context, &wake)
            })
            .await;
        mapping::look(&pipelines, &known, &context).await;
        let mut news = topics::look(&pipelines, &known, &context).await;
        news.extend(trial::look(&pipelines, &known, &context).await);
        for pipeline in news {
            // The loop that hears it ends when all does.
            let _ = wake.send(ObjectRef::from_obj(pipeline.as_ref())).await;
        }
    }
}

fn scales(pipeline: &Hl7Pipeline, role: Role) -> bool {
    let spec = &pipeline.spec;
    let is_scaled = match role {
        Role::Listen => spec.listen.scaling.is_some(),
        Role::Transform => spec.transform.scaling.is_some(),
    };
    is_scaled && pipeline.metadata.deletion_timestamp.is_none()
}

async fn measure(
    pipeline: Arc<Hl7Pipeline>,
    known: &Known,
    context: &Context,
    wake: &Sender<ObjectRef<Hl7Pipeline>>,
) {
    let mut changed = false;
    let scaled = Role::ALL.into_iter();
    for role in scaled.filter(|role| scales(&pipeline, *role)) {
        changed |= look_at(&pipeline, role, known, context).await;
    }
    if changed {
        // The loop that hears it ends when all does.
        let _ = wake.send(ObjectRef::from_obj(pipeline.as_ref())).await;
    }
}

/// Asks the instances of a role, and some of them to let connections go; whether their number is to change.
async fn look_at(pipeline: &Hl7Pipeline, role: Role, known: &Known, context: &Context) -> bool {
    let pods = known.pods(pipeline, role);
    let instances: Vec<Instance> = pods.iter().filter_map(|pod| Instance::of(pod)).collect();
    let answers = stream::iter(instances.clone())
        .map(|instance| async move {
            let answer = context.asking.metrics(&instance).await;
            let reading = answer.map(|answer| Reading::read(Timestamp::now(), &answer));
            (instance.name, reading)
        })
        .buffer_unordered(INSTANCES_AT_ONCE)
        .collect()
        .await;
    let looked = context
        .numbers
        .take(pipeline, role, Timestamp::now(), answers);
    for instance in &instances {
        if let Some(connections) = looked.shed.get(&instance.name) {
            let heard = context.asking.shed(instance, *connections).await;
            tracing::info!(
                instance = instance.name,
                connections,
                heard,
                "connections are spread over more instances"
            );
        }
    }
    looked.changed
}
