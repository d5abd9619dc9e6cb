//! How many instances of each role there should be, as last decided.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::reconcile::key;
use crate::api::{Hl7Pipeline, RoleStatus, Schedule};
use crate::desired::Role;
use crate::scaling::{
    Bounds, Memory, Reading, Signal, UnknownZone, Window, decide, scheduled, spread,
};

/// A role's number, and why it is that. None: its number is fixed.
pub(super) type Chosen = Option<(i32, String)>;

/// What is chosen for both roles.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) listen: Chosen,
    pub(super) transform: Chosen,
}

/// What a look over the instances of a role led to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Looked {
    /// There is to be another number.
    pub(super) changed: bool,
    /// How many connections each of these instances is to let go.
    pub(super) shed: BTreeMap<String, u32>,
}

/// What is remembered of each role of each pipeline. An operator that starts anew begins with what the status says.
#[derive(Default)]
pub(super) struct Numbers(Mutex<HashMap<String, [Remembered; 2]>>);

#[derive(Default)]
struct Remembered {
    window: Window,
    memory: Memory,
    chosen: Chosen,
    /// So many instances carry the connections, since they were last spread.
    carrying: Option<i32>,
}

impl Numbers {
    /// Chooses at `now` for both roles.
    pub(super) fn choose(
        &self,
        pipeline: &Hl7Pipeline,
        now: Timestamp,
    ) -> Result<Choice, UnknownZone> {
        let roles = self.locked();
        let known = roles.get(&key(pipeline));
        let choose = |role| -> Result<Chosen, UnknownZone> {
            let Some(bounds) = bounds(pipeline, role) else {
                return Ok(None);
            };
            let chosen = known.and_then(|roles| roles[index(role)].chosen.clone());
            let (number, why) = chosen.unwrap_or_else(|| begin(pipeline, role));
            let (number, forced) = scheduled(now, number, &bounds)?;
            Ok(Some((number, forced.unwrap_or(why))))
        };
        Ok(Choice {
            listen: choose(Role::Listen)?,
            transform: choose(Role::Transform)?,
        })
    }

    /// Takes what the instances of a role said at `now`, and decides anew.
    pub(super) fn take(
        &self,
        pipeline: &Hl7Pipeline,
        role: Role,
        now: Timestamp,
        look: Vec<(String, Option<Reading>)>,
    ) -> Looked {
        let Some(bounds) = bounds(pipeline, role) else {
            return Looked::default();
        };
        let mut roles = self.locked();
        let known = &mut roles.entry(key(pipeline)).or_default()[index(role)];
        known.window.take(now, look);
        let (current, why) = known
            .chosen
            .clone()
            .unwrap_or_else(|| begin(pipeline, role));
        let signals = signals(pipeline, role, &known.window);
        // A zone that is not known is told of by the pass over the pipeline.
        let Ok(decision) = decide(now, current, &bounds, &signals, known.memory) else {
            return Looked::default();
        };
        known.memory = decision.memory;
        known.chosen = Some((decision.replicas, decision.reason.unwrap_or(why)));
        let changed = decision.replicas != current;
        let shed = if changed || role == Role::Transform {
            BTreeMap::new()
        } else {
            known.shed(current)
        };
        Looked { changed, shed }
    }

    /// Forgets the pipelines that are no longer there.
    pub(super) fn retain(&self, there: impl Fn(&str) -> bool) {
        self.locked().retain(|key, _| there(key));
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, [Remembered; 2]>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Remembered {
    /// Once all instances that there should be answer, and are more than carried the connections, these are spread.
    fn shed(&mut self, current: i32) -> BTreeMap<String, u32> {
        let carrying = *self.carrying.get_or_insert(current);
        self.carrying = Some(carrying.min(current));
        if current <= carrying {
            return BTreeMap::new();
        }
        let instances = usize::try_from(current).unwrap_or_default();
        let Some(connections) = self.window.connections(instances) else {
            return BTreeMap::new();
        };
        self.carrying = Some(current);
        spread(&connections)
    }
}

/// Where scaling starts from: what the status says is wanted, else what the spec says.
fn begin(pipeline: &Hl7Pipeline, role: Role) -> (i32, String) {
    let status = pipeline.status.as_ref();
    let (fixed, known): (i32, Option<&RoleStatus>) = match role {
        Role::Listen => (
            pipeline.spec.listen.replicas,
            status.map(|status| &status.listen),
        ),
        Role::Transform => (
            pipeline.spec.transform.replicas,
            status.map(|status| &status.transform),
        ),
    };
    known
        .filter(|known| known.desired_replicas > 0)
        .map_or((fixed, String::new()), |known| {
            (known.desired_replicas, known.reason.clone())
        })
}

fn bounds(pipeline: &Hl7Pipeline, role: Role) -> Option<Bounds<'_>> {
    let spec = &pipeline.spec;
    let (least, most, seconds, schedules): (_, _, _, &[Schedule]) = match role {
        Role::Listen => {
            let scaling = spec.listen.scaling.as_ref()?;
            let (least, most) = (scaling.min_replicas, scaling.max_replicas);
            (
                least,
                most,
                scaling.scale_in_after_seconds,
                &scaling.schedules,
            )
        }
        Role::Transform => {
            let scaling = spec.transform.scaling.as_ref()?;
            let (least, most) = (scaling.min_replicas, scaling.max_replicas);
            (
                least,
                most,
                scaling.scale_in_after_seconds,
                &scaling.schedules,
            )
        }
    };
    Some(Bounds {
        least,
        most,
        scale_in_after: SignedDuration::from_secs(seconds.into()),
        schedules,
    })
}

fn signals(pipeline: &Hl7Pipeline, role: Role, window: &Window) -> Vec<Signal> {
    let spec = &pipeline.spec;
    match role {
        Role::Listen => {
            let scaling = spec.listen.scaling.as_ref();
            scaling.map(|scaling| window.of_listen(scaling))
        }
        Role::Transform => {
            let scaling = spec.transform.scaling.as_ref();
            scaling.map(|scaling| window.of_transform(scaling))
        }
    }
    .unwrap_or_default()
}

fn index(role: Role) -> usize {
    match role {
        Role::Listen => 0,
        Role::Transform => 1,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn pipeline(desired: i32) -> Hl7Pipeline {
        serde_json::from_value(json!({
            "apiVersion": "kiln.health/v1alpha1", "kind": "Hl7Pipeline",
            "metadata": {"name": "elsewhere", "namespace": "integration"},
            "spec": {
                "kafka": {"brokers": ["kafka:9092"]},
                "listeners": [{"name": "mllp"}],
                "listen": {"replicas": 2, "scaling": {"minReplicas": 2, "maxReplicas": 8}},
            },
            "status": {"listen": {
                "replicas": desired, "readyReplicas": desired, "desiredReplicas": desired, "reason": "as before",
            }},
        }))
        .unwrap()
    }

    /// Instances with so many connections each; none: silent.
    fn look(now: Timestamp, open: &[Option<u32>]) -> Vec<(String, Option<Reading>)> {
        let names = ('a'..).map(String::from);
        let answers = open.iter().map(|open| {
            let answer = open.map(|open| format!("kiln_listen_connections {open}\n"));
            answer.map(|answer| Reading::read(now, &answer))
        });
        names.zip(answers).collect()
    }

    fn after(seconds: i64) -> Timestamp {
        let start: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        start + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_new_operator_goes_on_from_the_status_and_a_new_pipeline_from_its_spec() {
        let numbers = Numbers::default();
        let chosen = |desired| numbers.choose(&pipeline(desired), after(0)).unwrap().listen;
        assert_eq!(chosen(5), Some((5, "as before".to_owned())));
        assert_eq!(chosen(0), Some((2, String::new())));
        assert_eq!(chosen(1).unwrap().0, 2);
        // The number of transform is fixed.
        assert_eq!(
            numbers.choose(&pipeline(5), after(0)).unwrap().transform,
            None
        );
    }

    #[test]
    fn connections_are_spread_once_when_all_that_were_added_answer() {
        let (numbers, pipeline) = (Numbers::default(), pipeline(2));
        let take = |at, open: &[Option<u32>]| {
            numbers.take(&pipeline, Role::Listen, after(at), look(after(at), open))
        };
        // Two carry 1100 connections, and three are needed at 500 each.
        let full = [Some(600), Some(500)];
        assert_eq!(take(0, &full), Looked::default());
        assert_eq!(take(5, &full), Looked::default());
        assert!(take(10, &full).changed);
        let (number, why) = numbers
            .choose(&pipeline, after(10))
            .unwrap()
            .listen
            .unwrap();
        assert_eq!(number, 3);
        assert_eq!(
            why,
            "2 to 3: 1100 connections, over 500 an instance for 10 s"
        );
        // The third is not there, and then does not answer.
        assert_eq!(take(15, &full), Looked::default());
        assert_eq!(take(20, &[Some(600), Some(500), None]), Looked::default());
        let shed = take(25, &[Some(600), Some(500), Some(0)]).shed;
        let expected = [("a", 233), ("b", 133)];
        assert_eq!(
            shed,
            expected
                .map(|(name, asked)| (name.to_owned(), asked))
                .into()
        );
        assert_eq!(
            take(30, &[Some(600), Some(500), Some(0)]),
            Looked::default()
        );
        // One that is lost and comes back is no more than there were.
        assert_eq!(take(35, &[Some(600), Some(500)]), Looked::default());
        assert_eq!(
            take(40, &[Some(600), Some(500), Some(0)]),
            Looked::default()
        );
    }
}
