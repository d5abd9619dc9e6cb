//! Looks at what is tried, every few seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use futures_util::stream;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::{Resource as _, ResourceExt as _};

use super::Context;
use super::instance::Instance;
use super::known::Known;
use super::look::{INSTANCES_AT_ONCE, PIPELINES_AT_ONCE};
use super::observe::{is_leaving, is_ready};
use super::reconcile::key;
use crate::api::{Hl7Pipeline, Stage, Trial};
use crate::desired::{Role, TRACK};
use crate::rollout::{Counted, Counting, Seen, differences};

/// A command line, a configuration or maps that are wrong: `kiln` ends with this, and starting it again helps nothing.
const WRONG: i32 = 2;
/// The status shows so much of why it ended, in characters.
const MAX_WORDS_CHARS: usize = 500;
/// Why a container does not start at all, as kubelets say it.
const CANNOT_START: [&str; 4] = [
    "ErrImagePull",
    "ImagePullBackOff",
    "InvalidImageName",
    "CreateContainerConfigError",
];

/// What was seen of each pipeline's trial.
#[derive(Default)]
pub(super) struct Trials(Mutex<HashMap<String, Remembered>>);

#[derive(Default)]
struct Remembered {
    /// Which trial, and at which stage.
    of: Option<(String, Stage)>,
    seen: Option<Seen>,
    tried: Counting,
    beside: Counting,
}

impl Trials {
    /// Of a trial at its stage; none: nothing was seen yet.
    pub(super) fn seen(&self, pipeline: &Hl7Pipeline) -> Option<Seen> {
        let trial = tried(pipeline)?;
        let known = self.locked();
        let known = known.get(&key(pipeline))?;
        (known.of.as_ref() == Some(&name(trial))).then(|| known.seen.clone())?
    }

    /// Forgets the pipelines that are no longer there.
    pub(super) fn retain(&self, there: impl Fn(&str) -> bool) {
        self.locked().retain(|key, _| there(key));
    }

    /// Works on what is remembered of a trial.
    fn with<T>(
        &self,
        pipeline: &Hl7Pipeline,
        trial: &Trial,
        work: impl FnOnce(&mut Remembered) -> T,
    ) -> T {
        let mut known = self.locked();
        let known = known.entry(key(pipeline)).or_default();
        if known.of.as_ref() != Some(&name(trial)) {
            *known = Remembered {
                of: Some(name(trial)),
                ..Remembered::default()
            };
        }
        work(known)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(trial: &Trial) -> (String, Stage) {
    (trial.id.clone(), trial.stage)
}

fn tried(pipeline: &Hl7Pipeline) -> Option<&Trial> {
    pipeline.status.as_ref()?.rollout.trial.as_ref()
}

/// Looks at the trials of all pipelines; those that have one, so that each is judged again, if only because time passes.
pub(super) async fn look(
    pipelines: &[Arc<Hl7Pipeline>],
    known: &Known,
    context: &Context,
) -> Vec<Arc<Hl7Pipeline>> {
    let trying = pipelines.iter().filter(|pipeline| {
        tried(pipeline).is_some() && pipeline.meta().deletion_timestamp.is_none()
    });
    stream::iter(trying.cloned().collect::<Vec<_>>())
        .map(|pipeline| async move {
            if let Some(trial) = tried(&pipeline) {
                match trial.stage {
                    Stage::Shadow => shadow(&pipeline, trial, known, context).await,
                    Stage::Canary | Stage::Watch => counted(&pipeline, trial, known, context).await,
                }
            }
            pipeline
        })
        .buffer_unordered(PIPELINES_AT_ONCE)
        .collect()
        .await
}

async fn shadow(pipeline: &Hl7Pipeline, trial: &Trial, known: &Known, context: &Context) {
    let pods = known.trying(pipeline, &trial.id);
    let mut seen = None;
    for pod in &pods {
        if let Some(instance) = Instance::of(pod)
            && let Some(answer) = context.asking.differences(&instance).await
        {
            seen = differences(&answer).or(seen);
        }
    }
    let broken = pods.iter().find_map(|pod| wrong(pod));
    context.trials.with(pipeline, trial, |known| {
        if let Some(seen) = seen {
            known.seen = Some(seen);
        }
        if let Some(why) = broken {
            known.seen.get_or_insert_default().broken = Some(why);
        }
    });
}

/// Canaries beside the other instances; or, of what is watched, all instances.
async fn counted(pipeline: &Hl7Pipeline, trial: &Trial, known: &Known, context: &Context) {
    let canaries = match trial.stage {
        Stage::Canary => known.trying(pipeline, &trial.id),
        // Those of the trial are leaving.
        Stage::Shadow | Stage::Watch => Vec::new(),
    };
    let others = Role::ALL.map(|role| known.pods(pipeline, role)).concat();
    let others: Vec<Arc<Pod>> = others
        .into_iter()
        .filter(|pod| !pod.labels().contains_key(TRACK))
        .collect();
    let since = trial.since.0;
    let of_canaries = ask(&canaries, since, context).await;
    let of_others = ask(&others, since, context).await;
    let broken = canaries
        .iter()
        .find_map(|pod| wrong(pod).or_else(|| restarted(pod)))
        .or_else(|| late(pipeline, trial, &canaries));
    context.trials.with(pipeline, trial, |known| {
        let (tried, beside) = match trial.stage {
            Stage::Watch => (of_others, Vec::new()),
            Stage::Shadow | Stage::Canary => (of_canaries, of_others),
        };
        for (pod, is_new, counted) in tried {
            // A canary is there for the trial alone.
            let is_new = is_new || trial.stage == Stage::Canary;
            known.tried.take(&pod, is_new, counted);
        }
        for (pod, is_new, counted) in beside {
            known.beside.take(&pod, is_new, counted);
        }
        let (messages, failing) = known.tried.messages();
        known.seen = Some(Seen {
            broken,
            messages,
            failing,
            usual_per_thousand: known.beside.errors_per_thousand(),
            ack_milliseconds: known.tried.ack_milliseconds(),
            ..Seen::default()
        });
    });
}

/// What each instance counts that answers, by its name, and whether it is new since then.
async fn ask(
    pods: &[Arc<Pod>],
    since: Timestamp,
    context: &Context,
) -> Vec<(String, bool, Counted)> {
    stream::iter(pods.to_vec())
        .map(|pod| async move {
            let instance = Instance::of(&pod)?;
            let answer = context.asking.metrics(&instance).await?;
            let made = pod.meta().creation_timestamp.as_ref();
            let is_new = made.is_some_and(|made| made.0 >= since);
            Some((instance.name, is_new, Counted::read(&answer)))
        })
        .buffer_unordered(INSTANCES_AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// Why a pod cannot work, however often it is started: what it said when it ended, or why it cannot be started.
fn wrong(pod: &Pod) -> Option<String> {
    containers(pod).find_map(|container| {
        let states = [container.state.as_ref(), container.last_state.as_ref()];
        states.into_iter().flatten().find_map(|state| {
            if let Some(ended) = &state.terminated
                && ended.exit_code == WRONG
            {
                let words = ended.message.as_deref().unwrap_or_default();
                return Some(words.chars().take(MAX_WORDS_CHARS).collect());
            }
            let reason = state.waiting.as_ref()?.reason.as_deref()?;
            let cannot = CANNOT_START.contains(&reason);
            cannot.then(|| format!("{} does not start: {reason}", pod.name_any()))
        })
    })
}

/// One that ends by itself must not reach the others.
fn restarted(pod: &Pod) -> Option<String> {
    let count: i32 = containers(pod)
        .map(|container| container.restart_count)
        .sum();
    (count > 0).then(|| format!("{} ended by itself, {count} times", pod.name_any()))
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.iter();
    status.flat_map(|status| status.container_statuses.iter().flatten())
}

/// A canary that is not ready when a rollout would count as stuck.
fn late(pipeline: &Hl7Pipeline, trial: &Trial, canaries: &[Arc<Pod>]) -> Option<String> {
    let seconds = pipeline.spec.rollout.progress_deadline_seconds;
    let passed = Timestamp::now().as_second() - trial.since.0.as_second();
    let unready = canaries
        .iter()
        .find(|pod| !is_ready(pod) && !is_leaving(pod))?;
    (passed > seconds.into())
        .then(|| format!("{} is not ready after {seconds} s", unready.name_any()))
}
