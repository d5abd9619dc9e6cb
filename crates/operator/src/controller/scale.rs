//! How many instances the schedules ask for, and when that changes next.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::runtime::controller::Action;

use crate::api::{Hl7Pipeline, Schedule};
use crate::scaling::{Bounds, UnknownZone, next_change, scheduled};

/// A pass comes so long after a schedule's edge, so that it is surely past it.
const PAST_THE_EDGE: Duration = Duration::from_secs(1);

/// A role's number, and why it is not that of the spec. None: its number is fixed.
pub(super) type Chosen = Option<(i32, Option<String>)>;

/// What is chosen for both roles.
#[derive(Debug, Default)]
pub(super) struct Choice {
    pub(super) listen: Chosen,
    pub(super) transform: Chosen,
}

/// Chooses at `now`.
pub(super) fn choose(pipeline: &Hl7Pipeline, now: Timestamp) -> Result<Choice, UnknownZone> {
    let spec = &pipeline.spec;
    let bounds = |least, most, seconds: i32, schedules| Bounds {
        least,
        most,
        scale_in_after: SignedDuration::from_secs(seconds.into()),
        schedules,
    };
    let mut choice = Choice::default();
    if let Some(scaling) = &spec.listen.scaling {
        let bounds = bounds(
            scaling.min_replicas,
            scaling.max_replicas,
            scaling.scale_in_after_seconds,
            scaling.schedules.as_slice(),
        );
        choice.listen = Some(scheduled(now, spec.listen.replicas, &bounds)?);
    }
    if let Some(scaling) = &spec.transform.scaling {
        let bounds = bounds(
            scaling.min_replicas,
            scaling.max_replicas,
            scaling.scale_in_after_seconds,
            scaling.schedules.as_slice(),
        );
        choice.transform = Some(scheduled(now, spec.transform.replicas, &bounds)?);
    }
    Ok(choice)
}

/// A pass when a schedule next begins or ends; none while nothing changes.
pub(super) fn again(pipeline: &Hl7Pipeline, now: Timestamp) -> Action {
    let listen = pipeline.spec.listen.scaling.iter();
    let transform = pipeline.spec.transform.scaling.iter();
    let schedules: Vec<Schedule> = listen
        .flat_map(|scaling| scaling.schedules.clone())
        .chain(transform.flat_map(|scaling| scaling.schedules.clone()))
        .collect();
    match next_change(&schedules, now) {
        Ok(Some(next)) => {
            let wait = Duration::try_from(next.duration_since(now)).unwrap_or_default();
            Action::requeue(wait + PAST_THE_EDGE)
        }
        // A zone that is not known is told of in the status.
        Ok(None) | Err(_) => Action::await_change(),
    }
}
