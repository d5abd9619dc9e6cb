//! How many instances there should be, by what senders and readers feel. Pure.
//!
//! ```text
//!  a schedule begins ───────────────────────▶ at least its number, at once
//!  a signal is over its target
//!  for SCALE_OUT_AFTER without a break ─────▶ more, at most twice as many, then SCALE_OUT_PAUSE to let them act
//!  all signals would be well with one fewer,
//!  for scaleInAfterSeconds without a break ─▶ one fewer
//!  a signal is not known,
//!  or an instance is silent ────────────────▶ never fewer
//! ```
//!
//! The use of CPU is no signal: a busy instance that answers in time is well, and an idle one whose store is slow is not.

mod exposition;
mod reading;
mod schedule;
mod signal;
mod spread;
mod window;

use jiff::{SignedDuration, Timestamp};

use crate::api::Schedule;

pub(crate) use exposition::samples;
pub(crate) use reading::Buckets;
pub use reading::Reading;
pub use schedule::{UnknownZone, is_active};
pub use signal::Signal;
pub use spread::spread;
pub use window::Window;

/// So long a signal must be over its target before instances are added: one slow moment of the store is no load.
pub const SCALE_OUT_AFTER: SignedDuration = SignedDuration::from_secs(10);
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
/// before it changes the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// When the number was last changed.
    pub changed: Option<Timestamp>,
    /// Since when a signal is over its target, without a break.
    pub pressed: Option<Timestamp>,
    /// Since when fewer would have sufficed, without a break.
    pub calm: Option<Timestamp>,
}

/// How many instances there should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The number.
    pub replicas: i32,
    /// Why it changes, for instance `2 to 3: ACK p99 410 ms over target 250 ms for 10 s`; none: it stays.
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
    if let (number, Some(reason)) = scheduled(now, current, bounds)? {
        return Ok(changed(now, number, reason));
    }
    let stays = |pressed, calm| Decision {
        replicas: current,
        reason: None,
        memory: Memory {
            changed: memory.changed,
            pressed,
            calm,
        },
    };
    let pressing = signals
        .iter()
        .max_by_key(|signal| signal.needed(current))
        .filter(|signal| signal.needed(current) > current);
    if let Some(signal) = pressing {
        let since = memory.pressed.unwrap_or(now);
        let lasted = now.duration_since(since);
        let paused = memory
            .changed
            .is_some_and(|changed| now.duration_since(changed) < SCALE_OUT_PAUSE);
        let wanted = signal.needed(current).min(bounds.most);
        if lasted < SCALE_OUT_AFTER || paused || wanted == current {
            return Ok(stays(Some(since), None));
        }
        let lasted = lasted.as_secs();
        let reason = format!("{current} to {wanted}: {signal} for {lasted} s");
        return Ok(changed(now, wanted, reason));
    }
    let (floor, _) = floor(now, bounds)?;
    let fewer = current - 1;
    let calm = current > floor
        && signals
            .iter()
            .all(|signal| signal.is_well_with(current, fewer));
    if !calm {
        return Ok(stays(None, None));
    }
    let since = memory.calm.unwrap_or(now);
    let lasted = now.duration_since(since);
    if lasted < bounds.scale_in_after {
        return Ok(stays(None, Some(since)));
    }
    let lasted = lasted.as_secs();
    let reason = format!("{current} to {fewer}: fewer have sufficed for {lasted} s");
    Ok(changed(now, fewer, reason))
}

/// How many instances there should be at `now` by the bounds and schedules alone, where there are `current`; and why, when
/// that is another number.
pub fn scheduled(
    now: Timestamp,
    current: i32,
    bounds: &Bounds<'_>,
) -> Result<(i32, Option<String>), UnknownZone> {
    let (floor, why) = floor(now, bounds)?;
    if current < floor {
        return Ok((floor, Some(format!("{current} to {floor}: {why}"))));
    }
    if current > bounds.most {
        let why = format!("{current} to {}: maxReplicas is {0}", bounds.most);
        return Ok((bounds.most, Some(why)));
    }
    Ok((current, None))
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

fn changed(now: Timestamp, replicas: i32, reason: String) -> Decision {
    Decision {
        replicas,
        reason: Some(reason),
        memory: Memory {
            changed: Some(now),
            ..Memory::default()
        },
    }
}
