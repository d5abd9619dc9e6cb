//! Hears now and then whether the topics of each pipeline are as asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;

use super::Context;
use super::instance::Instance;
use super::known::Known;
use super::look::PIPELINES_AT_ONCE;
use super::reconcile::key;
use crate::api::Hl7Pipeline;
use crate::desired::Role;
use crate::topics::drifted;

/// How often a pipeline is asked that was heard: its instances look no more often themselves.
const HEAR_EVERY: Duration = Duration::from_secs(60);
/// Instances of a pipeline that are asked in one look, until one knows: all see the same topics.
const ASKED: usize = 2;

/// What is not as asked, by pipeline, and when it was heard.
#[derive(Default)]
pub(super) struct Heard(Mutex<HashMap<String, (Instant, Vec<String>)>>);

impl Heard {
    /// Of one pipeline; none: nothing was heard since this operator began.
    pub(super) fn of(&self, pipeline: &Hl7Pipeline) -> Option<Vec<String>> {
        let known = self.locked().get(&key(pipeline)).cloned();
        known.map(|(_, drifted)| drifted)
    }

    fn is_due(&self, pipeline: &Hl7Pipeline, now: Instant) -> bool {
        let known = self.locked();
        let heard = known.get(&key(pipeline));
        heard.is_none_or(|(at, _)| now.duration_since(*at) >= HEAR_EVERY)
    }

    /// Whether it is another than before.
    fn take(&self, pipeline: &Hl7Pipeline, now: Instant, drifted: Vec<String>) -> bool {
        let mut known = self.locked();
        let before = known.get(&key(pipeline));
        let changed = before.is_none_or(|(_, before)| *before != drifted);
        known.insert(key(pipeline), (now, drifted));
        changed
    }

    /// Forgets the pipelines that are no longer there.
    pub(super) fn retain(&self, there: impl Fn(&str) -> bool) {
        self.locked().retain(|key, _| there(key));
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, (Instant, Vec<String>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks those that are due; the pipelines of which something else is heard than before.
pub(super) async fn look(
    pipelines: &[Arc<Hl7Pipeline>],
    known: &Known,
    context: &Context,
) -> Vec<Arc<Hl7Pipeline>> {
    let now = Instant::now();
    let due = pipelines.iter().filter(|pipeline| {
        pipeline.metadata.deletion_timestamp.is_none() && context.topics.is_due(pipeline, now)
    });
    stream::iter(due.cloned().collect::<Vec<_>>())
        .map(|pipeline| async move {
            let drifted = ask(&pipeline, known, context).await?;
            let changed = context.topics.take(&pipeline, now, drifted);
            changed.then_some(pipeline)
        })
        .buffer_unordered(PIPELINES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

async fn ask(pipeline: &Hl7Pipeline, known: &Known, context: &Context) -> Option<Vec<String>> {
    // Listen first: only it knows whether the bulk lane is needed.
    let pods = Role::ALL.map(|role| known.pods(pipeline, role)).concat();
    let instances = pods.iter().filter_map(|pod| Instance::of(pod));
    for instance in instances.take(ASKED) {
        let answer = context.asking.ready(&instance).await;
        if let Some(drifted) = answer.and_then(|answer| drifted(&answer)) {
            return Some(drifted);
        }
    }
    None
}
