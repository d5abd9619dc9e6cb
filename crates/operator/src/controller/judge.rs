//! From what was found to conditions in plain words. Pure.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::api::{Rollout, RolloutStatus, Stage};
use crate::desired::{Impossible, Role, selector};

/// Whether everything that the spec asks for stands in the cluster.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It does: so many objects.
    Applied(usize),
    /// The spec cannot be carried out.
    Impossible(Impossible),
    /// The API server did not take an object.
    Refused {
        /// Kind and name of the object.
        object: String,
        /// What the API server said.
        message: String,
    },
}

/// The instances of a role as its Deployment counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instances {
    /// How many there should be.
    pub wanted: i32,
    /// How many there are.
    pub replicas: i32,
    /// How many are ready.
    pub ready: i32,
    /// How many are of the wanted version.
    pub updated: i32,
    /// Whether these numbers are of the Deployment's last change.
    pub judged: bool,
    /// Why no progress is made.
    pub stuck: Option<String>,
}

impl Instances {
    fn settled(&self) -> bool {
        self.judged
            && self.updated == self.wanted
            && self.replicas == self.wanted
            && self.ready == self.wanted
    }
}

/// The condition that says whether the topics on Kafka are as the spec asks.
const TOPICS: &str = "TopicsAsAsked";

/// The conditions of a pipeline. `drifted` is what is not as asked of the topics; none: it was not heard yet. `rolled_out` is
/// what became of the last trial, if there was one. One whose status is as it was before keeps the time of its last change.
pub fn conditions(
    pipeline: &str,
    generation: Option<i64>,
    outcome: &Outcome,
    (listen, transform): (&Instances, &Instances),
    (drifted, rolled_out): (Option<&[String]>, Option<Verdict>),
    before: &[Condition],
    now: &Time,
) -> Vec<Condition> {
    let verdicts = [
        ("Ready", ready(pipeline, listen, transform)),
        ("Progressing", progressing(listen, transform)),
        ("Applied", applied(outcome)),
    ];
    let topics = drifted.map(|drifted| (TOPICS, topics(drifted)));
    let rolled_out = rolled_out.map(|verdict| ("RolledOut", verdict));
    let judged = verdicts
        .into_iter()
        .chain(topics)
        .chain(rolled_out)
        .map(|(kind, verdict)| {
            let status = if verdict.holds { "True" } else { "False" };
            let unchanged = before
                .iter()
                .find(|known| known.type_ == kind && known.status == status);
            Condition {
                type_: kind.to_owned(),
                status: status.to_owned(),
                reason: verdict.reason.to_owned(),
                message: verdict.message,
                observed_generation: generation,
                last_transition_time: unchanged
                    .map_or_else(|| now.clone(), |known| known.last_transition_time.clone()),
            }
        });
    // What was heard of the topics stands until something else is, by another operator too.
    let heard = before
        .iter()
        .filter(|known| known.type_ == TOPICS && drifted.is_none());
    judged.chain(heard.cloned()).collect()
}

/// What is true of one condition.
pub struct Verdict {
    holds: bool,
    reason: &'static str,
    message: String,
}

fn verdict(holds: bool, reason: &'static str, message: String) -> Verdict {
    Verdict {
        holds,
        reason,
        message,
    }
}

fn ready(pipeline: &str, listen: &Instances, transform: &Instances) -> Verdict {
    let look = |role| {
        format!(
            "`kubectl get pods -l {}` shows them",
            selector(pipeline, role)
        )
    };
    if listen.wanted == 0 {
        return verdict(
            false,
            "Stopped",
            "listen.replicas is 0: no sender can connect".to_owned(),
        );
    }
    if listen.ready == 0 {
        return verdict(
            false,
            "NoListener",
            format!(
                "none of {} instances of listen is ready: no sender can connect; {}",
                listen.wanted,
                look(Role::Listen)
            ),
        );
    }
    if transform.ready == 0 {
        let why = if transform.wanted == 0 {
            "transform.replicas is 0".to_owned()
        } else {
            format!(
                "none of {} instances of transform is ready",
                transform.wanted
            )
        };
        return verdict(
            false,
            "NotTransforming",
            format!(
                "{why}: messages are taken and kept, and transformed later; {}",
                look(Role::Transform)
            ),
        );
    }
    verdict(
        true,
        "Serving",
        format!(
            "{} of {} instances of listen and {} of {} of transform are ready",
            listen.ready, listen.wanted, transform.ready, transform.wanted
        ),
    )
}

fn progressing(listen: &Instances, transform: &Instances) -> Verdict {
    let roles = [(Role::Listen, listen), (Role::Transform, transform)];
    for (role, instances) in roles {
        if let Some(why) = &instances.stuck {
            return verdict(
                false,
                "Stuck",
                format!("{}: {why}; the instances before it go on", role.word()),
            );
        }
    }
    for (role, instances) in roles {
        if !instances.settled() {
            return verdict(
                true,
                "RollingOut",
                format!(
                    "{}: {} of {} instances are of the wanted version, {} ready",
                    role.word(),
                    instances.updated,
                    instances.wanted,
                    instances.ready
                ),
            );
        }
    }
    verdict(false, "Settled", "nothing is being changed".to_owned())
}

fn applied(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Applied(count) => verdict(
            true,
            "Applied",
            format!("{count} objects are as the spec says"),
        ),
        Outcome::Impossible(why) => verdict(
            false,
            "Impossible",
            format!("{why}; what runs is left as it is"),
        ),
        Outcome::Refused { object, message } => verdict(
            false,
            "Refused",
            format!("the API server does not take {object}: {message}"),
        ),
    }
}

fn topics(drifted: &[String]) -> Verdict {
    if drifted.is_empty() {
        let message = "the topics on Kafka are as the spec asks".to_owned();
        return verdict(true, "AsAsked", message);
    }
    verdict(
        false,
        "Drifted",
        format!(
            "{}; `kiln topics check` in an instance says what to do about each",
            drifted.join("; ")
        ),
    )
}

/// Whether the image and the mappings that the spec asks for are in force; none: it asks for no trials, and there are none.
pub fn rolled_out(policy: &Rollout, state: &RolloutStatus) -> Option<Verdict> {
    let said = |holds, reason| Some(verdict(holds, reason, state.summary.clone()));
    match &state.trial {
        Some(trial) if trial.stage == Stage::Watch => said(true, "Watched"),
        Some(_) => said(false, "Trying"),
        None if !state.refused.is_empty() => said(false, "RolledBack"),
        None if policy.shadow.is_some() || policy.canary.is_some() => said(true, "InForce"),
        None => None,
    }
}
