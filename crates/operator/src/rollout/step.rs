//! One step from state to state.

use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{Budget, Seen, Verdict, judge};
use crate::api::{
    Change, ChangeOutcome, Hl7Pipeline, Image, NamedObject, Promotion, Rollout, RolloutStatus,
    Stage, Trial, TrialOf,
};

/// So many changes the status remembers.
const HISTORY: usize = 10;
/// So many bytes of a candidate's digest are its name.
const ID_BYTES: usize = 4;

/// How the history says that a person decided.
const BY_HAND: &str = "promoted by hand";

/// What the spec asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The image of the instances.
    pub image: String,
    /// The mappings, in their order.
    pub mappings: Vec<String>,
}

impl Wanted {
    /// By the spec of a pipeline; `image` is that of pipelines that name none.
    pub fn of(pipeline: &Hl7Pipeline, image: &str) -> Wanted {
        let spec = &pipeline.spec;
        let named = spec.image.as_ref().map(|image| image.name.clone());
        let mappings = spec.mappings.iter();
        Wanted {
            image: named.unwrap_or_else(|| image.to_owned()),
            mappings: mappings.map(|mapping| mapping.name.clone()).collect(),
        }
    }

    fn value(&self, of: TrialOf) -> Vec<String> {
        match of {
            TrialOf::Image => vec![self.image.clone()],
            TrialOf::Mappings => self.mappings.clone(),
        }
    }
}

/// What someone asks for by hand, each with the id of what is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hand {
    /// It is to come into force, whatever was seen.
    pub promote: Option<String>,
    /// It is not to come into force.
    pub roll_back: Option<String>,
}

/// The name by which people speak of what is tried: another for every other image and other list of mappings.
pub fn trial_id(of: TrialOf, candidate: &[String]) -> String {
    let digest = Sha256::digest(format!("{of:?} {candidate:?}"));
    let mut id = String::with_capacity(2 * ID_BYTES);
    for byte in digest.iter().take(ID_BYTES) {
        let _ = write!(id, "{byte:02x}");
    }
    id
}

/// The pipeline with what is in force in place of what its spec asks for.
pub fn in_force(pipeline: &Hl7Pipeline, state: &RolloutStatus) -> Hl7Pipeline {
    let mut effective = pipeline.clone();
    let secrets = pipeline.spec.image.as_ref();
    if let Some(name) = &state.image {
        effective.spec.image = Some(Image {
            name: name.clone(),
            pull_secrets: secrets.map_or_else(Vec::new, |image| image.pull_secrets.clone()),
        });
    }
    let named = |name: &String| NamedObject { name: name.clone() };
    effective.spec.mappings = state.mappings.iter().map(named).collect();
    effective
}

/// The state that follows at `now`. `seen` is of the trial that the state has; none: nothing was seen yet.
pub fn step(
    now: Timestamp,
    policy: &Rollout,
    wanted: &Wanted,
    state: &RolloutStatus,
    seen: Option<&Seen>,
    hand: &Hand,
) -> RolloutStatus {
    let mut next = Next {
        now,
        policy,
        state: state.clone(),
    };
    if next.state.image.is_none() {
        // The first of all, or a status that was lost: there is nothing to go back to.
        next.state.image = Some(wanted.image.clone());
        next.state.mappings.clone_from(&wanted.mappings);
        next.state.trial = None;
    }
    let ids = [TrialOf::Image, TrialOf::Mappings].map(|of| trial_id(of, &wanted.value(of)));
    next.state.refused.retain(|id| ids.contains(id));
    if let Some(trial) = next.state.trial.take() {
        next.go_on(trial, wanted, seen, hand);
    }
    if next.state.trial.is_none() {
        next.begin(wanted, hand);
    }
    next.state.summary = summary(&next.state);
    next.state
}

struct Next<'a> {
    now: Timestamp,
    policy: &'a Rollout,
    state: RolloutStatus,
}

impl Next<'_> {
    /// With what is tried or watched.
    fn go_on(&mut self, mut trial: Trial, wanted: &Wanted, seen: Option<&Seen>, hand: &Hand) {
        let of = trial.of;
        let watched = trial.stage == Stage::Watch;
        // Something else is wanted by now, or it need not be tried any more.
        if trial.candidate != wanted.value(of) || (!watched && self.budget(of).is_none()) {
            if !watched {
                let reason = "the spec asks for something else".to_owned();
                self.note(of, &trial.candidate, ChangeOutcome::Withdrawn, reason);
            }
            return;
        }
        if hand.roll_back.as_deref() == Some(&trial.id) {
            return self.back(trial, "rolled back by hand".to_owned());
        }
        if !watched && hand.promote.as_deref() == Some(&trial.id) {
            return self.promote(trial, BY_HAND.to_owned());
        }
        if let Some(seen) = seen {
            trial.messages = seen.messages;
            trial.differing = seen.differing;
            trial.failing = seen.failing;
            trial.changes.clone_from(&seen.changes);
            if !watched {
                trial.usual_per_thousand = seen.usual_per_thousand;
            }
        }
        let mut judged = seen.cloned().unwrap_or_default();
        judged.usual_per_thousand = trial.usual_per_thousand;
        let since = trial.since.0.as_second();
        let seconds = self.now.as_second().saturating_sub(since);
        let budget = match trial.stage {
            Stage::Watch => self.watch(of),
            Stage::Shadow | Stage::Canary => self.budget(of).unwrap_or_else(|| self.watch(of)),
        };
        match judge(&budget, seconds, &judged) {
            Verdict::Bad(why) => self.back(trial, why),
            Verdict::Wait(why) => {
                trial.reason = why;
                self.state.trial = Some(trial);
            }
            Verdict::Good(_) if watched => {}
            Verdict::Good(why) if self.by_hand(of) => {
                let ask = format!(
                    "{why}: within its budget; annotate it with kiln.health/promote={} to put it in force",
                    trial.id
                );
                trial.reason = ask;
                self.state.trial = Some(trial);
            }
            Verdict::Good(why) => self.promote(trial, why),
        }
    }

    /// What the spec asks for and is not in force: the first is tried, or put in force where nothing asks for a trial.
    fn begin(&mut self, wanted: &Wanted, hand: &Hand) {
        for of in [TrialOf::Image, TrialOf::Mappings] {
            let candidate = wanted.value(of);
            if candidate == self.value(of) {
                continue;
            }
            let id = trial_id(of, &candidate);
            if self.budget(of).is_none() {
                let reason = "the rollout asks for no trial".to_owned();
                self.note(of, &candidate, ChangeOutcome::Direct, reason);
                self.put(of, candidate);
                continue;
            }
            let trial = self.trial(of, id, candidate);
            if hand.promote.as_deref() == Some(&trial.id) && !self.was_promoted_by_hand(&trial) {
                self.promote(trial, BY_HAND.to_owned());
                if self.state.trial.is_some() {
                    return;
                }
                continue;
            }
            if self.state.refused.contains(&trial.id) {
                continue;
            }
            self.state.trial = Some(trial);
            return;
        }
    }

    fn trial(&self, of: TrialOf, id: String, candidate: Vec<String>) -> Trial {
        Trial {
            id,
            of,
            stage: match of {
                TrialOf::Image => Stage::Canary,
                TrialOf::Mappings => Stage::Shadow,
            },
            before: self.value(of),
            candidate,
            since: self.time(),
            reason: "it begins".to_owned(),
            messages: 0,
            differing: 0,
            failing: 0,
            usual_per_thousand: 0,
            changes: Vec::new(),
        }
    }

    /// An annotation stays where it is: what it asked for is done once, and not again after a breach.
    fn was_promoted_by_hand(&self, trial: &Trial) -> bool {
        let mut history = self.state.history.iter();
        history.any(|change| {
            change.of == trial.of && change.what == trial.candidate && change.reason == BY_HAND
        })
    }

    /// Puts it in force, and watches it where that is asked for.
    fn promote(&mut self, trial: Trial, why: String) {
        self.note(trial.of, &trial.candidate, ChangeOutcome::Promoted, why);
        self.put(trial.of, trial.candidate.clone());
        self.state.refused.retain(|id| *id != trial.id);
        if self.policy.watch_seconds > 0 {
            self.state.trial = Some(Trial {
                stage: Stage::Watch,
                since: self.time(),
                reason: "it is in force, and watched".to_owned(),
                messages: 0,
                differing: 0,
                failing: 0,
                changes: Vec::new(),
                ..trial
            });
        }
    }

    /// What was before goes on, or is in force again.
    fn back(&mut self, trial: Trial, why: String) {
        self.note(trial.of, &trial.candidate, ChangeOutcome::RolledBack, why);
        if trial.stage == Stage::Watch {
            self.put(trial.of, trial.before);
        }
        self.state.refused.push(trial.id);
    }

    fn value(&self, of: TrialOf) -> Vec<String> {
        match of {
            TrialOf::Image => self.state.image.iter().cloned().collect(),
            TrialOf::Mappings => self.state.mappings.clone(),
        }
    }

    fn put(&mut self, of: TrialOf, value: Vec<String>) {
        match of {
            TrialOf::Image => self.state.image = value.into_iter().next(),
            TrialOf::Mappings => self.state.mappings = value,
        }
    }

    fn note(&mut self, of: TrialOf, what: &[String], outcome: ChangeOutcome, reason: String) {
        self.state.history.insert(
            0,
            Change {
                at: self.time(),
                of,
                what: what.to_vec(),
                outcome,
                reason,
            },
        );
        self.state.history.truncate(HISTORY);
    }

    fn time(&self) -> Time {
        // Whole seconds, as the times of pods are, which it is compared with.
        Time(Timestamp::from_second(self.now.as_second()).unwrap_or(self.now))
    }

    fn by_hand(&self, of: TrialOf) -> bool {
        let promotion = match of {
            TrialOf::Image => self.policy.canary.as_ref().map(|policy| policy.promotion),
            TrialOf::Mappings => self.policy.shadow.as_ref().map(|policy| policy.promotion),
        };
        promotion == Some(Promotion::Manual)
    }

    /// None: it is not tried.
    fn budget(&self, of: TrialOf) -> Option<Budget> {
        match of {
            TrialOf::Image => self.policy.canary.as_ref().map(|policy| Budget {
                least_messages: policy.least_messages.into(),
                waits_for_messages: true,
                least_seconds: policy.least_seconds.into(),
                failing_per_thousand: policy.failing_per_thousand.into(),
                differing_per_thousand: None,
                ack_milliseconds: Some(policy.ack_milliseconds.into()),
            }),
            TrialOf::Mappings => self.policy.shadow.as_ref().map(|policy| Budget {
                least_messages: policy.least_messages.into(),
                waits_for_messages: true,
                least_seconds: policy.least_seconds.into(),
                failing_per_thousand: policy.failing_per_thousand.into(),
                differing_per_thousand: Some(policy.differing_per_thousand.into()),
                ack_milliseconds: None,
            }),
        }
    }

    /// That of the trial, over the time of the watch, however few messages come. Without a policy nothing is too much.
    fn watch(&self, of: TrialOf) -> Budget {
        let tried = self.budget(of);
        let tried = tried.as_ref();
        Budget {
            least_messages: tried.map_or(0, |budget| budget.least_messages),
            waits_for_messages: false,
            least_seconds: self.policy.watch_seconds.into(),
            failing_per_thousand: tried.map_or(1000, |budget| budget.failing_per_thousand),
            differing_per_thousand: None,
            ack_milliseconds: tried.and_then(|budget| budget.ack_milliseconds),
        }
    }
}

fn summary(state: &RolloutStatus) -> String {
    if let Some(trial) = &state.trial {
        let how_far = match trial.stage {
            Stage::Shadow => "in shadow",
            Stage::Canary => "on a canary",
            Stage::Watch => "in force, watched",
        };
        let what = named(trial.of, &trial.candidate);
        return format!("{what} {how_far}: {}", trial.reason);
    }
    let mut history = state.history.iter();
    let last = history.find(|change| change.outcome == ChangeOutcome::RolledBack);
    match last.filter(|_| !state.refused.is_empty()) {
        Some(last) => {
            let what = named(last.of, &last.what);
            format!("{what} rolled back: {}", last.reason)
        }
        None => "what the spec asks for is in force".to_owned(),
    }
}

/// What it is, in words.
fn named(of: TrialOf, what: &[String]) -> String {
    match of {
        TrialOf::Image => format!("image {}", what.join(", ")),
        TrialOf::Mappings if what.is_empty() => "no mappings".to_owned(),
        TrialOf::Mappings => format!("mappings {}", what.join(", ")),
    }
}
