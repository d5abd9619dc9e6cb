//! How many instances there should be, by what senders and readers feel. Pure.
//!
//! ```text
//!  a schedule begins ───────────────────────▶ at least its number, at once
//!  a signal is over its target ─────────────▶ more, at most twice as many, then SCALE_OUT_PAUSE to let them act
//!  all signals would be well with one fewer,
//!  for scaleInAfterSeconds without a break ─▶ one fewer
//!  a signal is not known ───────────────────▶ never fewer
//! ```
//!
//! The use of CPU is no signal: a busy instance that answers in time is well, and an idle one whose store is slow is not.

mod schedule;
mod signal;

use jiff::{SignedDuration, Timestamp};

use crate::api::Schedule;

pub use schedule::{UnknownZone, is_active, next_change};
pub use signal::Signal;

/// After instances were added, so long none are added for the same cause: they must start, and connections must move.
pub const SCALE_OUT_PAUSE: SignedDuration = SignedDuration::from_secs(30);

/// What the number may be.
#[derive(Clone, Debug)]
pub struct Bounds<'a> {
    /// The fewest.
    pub least: i32,
    /// The most; not below `least`.
    pub most: i32,
    /// How long fewer must have sufficed before one is taken away.
    pub scale_in_after: SignedDuration,
    /// Peaks that are known beforehand.
    pub schedules: &'a [Schedule],
}

/// What is remembered from one decision to the next. An operator that starts anew begins with nothing, and only waits longer
/// before it takes instances away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// When the number was last changed.
    pub changed: Option<Timestamp>,
    /// Since when fewer would have sufficed, without a break.
    pub calm: Option<Timestamp>,
}

/// How many instances there should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The number.
    pub replicas: i32,
    /// Why it changes, for instance `2 to 3: ACK p99 is 410 ms, over the target of 250 ms`; none: it stays.
    pub reason: Option<String>,
    /// For the next decision.
    pub memory: Memory,
}

/// Decides at `now` for a role that has `current` instances.
pub fn decide(
    now: Timestamp,
    current: i32,
    bounds: &Bounds<'_>,
    signals: &[Signal],
    memory: Memory,
) -> Result<Decision, UnknownZone> {
    let (floor, floor_reason) = floor(now, bounds)?;
    if current < floor {
        return Ok(changed(now, current, floor, &floor_reason));
    }
    if current > bounds.most {
        let why = format!("maxReplicas is {}", bounds.most);
        return Ok(changed(now, current, bounds.most, &why));
    }
    let pressing = signals
        .iter()
        .max_by_key(|signal| signal.needed(current))
        .filter(|signal| signal.needed(current) > current);
    if let Some(signal) = pressing {
        let paused = memory
            .changed
            .is_some_and(|changed| now.duration_since(changed) < SCALE_OUT_PAUSE);
        let wanted = signal.needed(current).min(bounds.most);
        if paused || wanted == current {
            return Ok(stays(
                current,
                Memory {
                    calm: None,
                    ..memory
                },
            ));
        }
        return Ok(changed(now, current, wanted, &signal.to_string()));
    }
    let calm = current > floor
        && signals
            .iter()
            .all(|signal| signal.is_well_with(current, current - 1));
    if !calm {
        return Ok(stays(
            current,
            Memory {
                calm: None,
                ..memory
            },
        ));
    }
    let since = memory.calm.unwrap_or(now);
    if now.duration_since(since) < bounds.scale_in_after {
        let calm = Some(since);
        return Ok(stays(current, Memory { calm, ..memory }));
    }
    let why = format!(
        "fewer have sufficed for {} s",
        now.duration_since(since).as_secs()
    );
    Ok(changed(now, current, current - 1, &why))
}

/// How many instances there should be at `now` by the bounds and schedules alone, of the number that the spec says; and why,
/// when it is not that number.
pub fn scheduled(
    now: Timestamp,
    replicas: i32,
    bounds: &Bounds<'_>,
) -> Result<(i32, Option<String>), UnknownZone> {
    let (floor, why) = floor(now, bounds)?;
    if replicas < floor {
        return Ok((floor, Some(format!("{floor}, not {replicas}: {why}"))));
    }
    if replicas > bounds.most {
        let why = format!("{}, not {replicas}: maxReplicas is {0}", bounds.most);
        return Ok((bounds.most, Some(why)));
    }
    Ok((replicas, None))
}

/// The fewest instances now, and what asks for them.
fn floor(now: Timestamp, bounds: &Bounds<'_>) -> Result<(i32, String), UnknownZone> {
    let mut floor = (bounds.least, format!("minReplicas is {}", bounds.least));
    for schedule in bounds.schedules {
        // Asked first, so that a zone that is not known is told of before the peak.
        if is_active(schedule, now)? && schedule.min_replicas > floor.0 {
            let why = format!("schedule {} until {}", schedule.name, schedule.to);
            floor = (schedule.min_replicas, why);
        }
    }
    floor.0 = floor.0.min(bounds.most);
    Ok(floor)
}

fn changed(now: Timestamp, from: i32, to: i32, why: &str) -> Decision {
    Decision {
        replicas: to,
        reason: Some(format!("{from} to {to}: {why}")),
        memory: Memory {
            changed: Some(now),
            calm: None,
        },
    }
}

fn stays(replicas: i32, memory: Memory) -> Decision {
    Decision {
        replicas,
        reason: None,
        memory,
    }
}
