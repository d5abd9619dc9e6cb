//! What is felt of a role, beside what is aimed at.

use std::fmt;

/// One fewer must leave this share of a target free, so that the number does not go up and down.
const HEAD_ROOM: f64 = 0.2;
/// A time does not grow in proportion to load: with one fewer it must be below this share of its target.
const CALM_SHARE: f64 = 0.5;

/// Something measured, and its target. Not known when no instance told of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// The 99th percentile of the time from a frame's end to its acknowledgment, of all instances of listen, over the last
    /// quarter minute.
    AckP99 {
        /// In milliseconds.
        milliseconds: Option<f64>,
        /// What it should be at most.
        target: f64,
    },
    /// Open connections of all instances of listen.
    Connections {
        /// How many.
        open: Option<u32>,
        /// How many each instance should have at most.
        per_instance: u32,
    },
    /// Messages of all instances of listen that wait for the store.
    InFlight {
        /// How many.
        messages: Option<u32>,
        /// How many each instance should have at most.
        per_instance: u32,
    },
    /// Age of the oldest message that waits to be transformed.
    Lag {
        /// In seconds.
        seconds: Option<f64>,
        /// What it should be at most.
        target: f64,
    },
    /// Instances that do not answer: what they carry is not known, so that it never asks for fewer.
    Silence {
        /// How many.
        instances: usize,
    },
}

impl Signal {
    /// How many instances it asks for; `current` when nothing is amiss or nothing is known. At most twice as many as there
    /// are.
    pub fn needed(&self, current: i32) -> i32 {
        let current = current.max(1);
        let needed = match *self {
            Signal::AckP99 {
                milliseconds: Some(value),
                target,
            }
            | Signal::Lag {
                seconds: Some(value),
                target,
            } if value > target => scaled(current, value / target),
            Signal::Connections {
                open: Some(count),
                per_instance,
            }
            | Signal::InFlight {
                messages: Some(count),
                per_instance,
            } => i32::try_from(count.div_ceil(per_instance.max(1))).unwrap_or(i32::MAX),
            _ => current,
        };
        needed.clamp(current, current.saturating_mul(2))
    }

    /// Whether its target would be kept with `fewer` instead of `current`.
    pub fn is_well_with(&self, current: i32, fewer: i32) -> bool {
        if fewer < 1 || fewer > current {
            return false;
        }
        match *self {
            Signal::AckP99 {
                milliseconds: Some(value),
                target,
            }
            | Signal::Lag {
                seconds: Some(value),
                target,
            } => value <= target * CALM_SHARE,
            Signal::Connections {
                open: Some(count),
                per_instance,
            }
            | Signal::InFlight {
                messages: Some(count),
                per_instance,
            } => f64::from(count) <= f64::from(fewer) * f64::from(per_instance) * (1.0 - HEAD_ROOM),
            Signal::Silence { instances } => instances == 0,
            _ => false,
        }
    }
}

/// So many times as many, rounded up.
fn scaled(current: i32, times: f64) -> i32 {
    let needed = (f64::from(current) * times).ceil();
    if needed >= f64::from(i32::MAX) {
        return i32::MAX;
    }
    #[allow(clippy::cast_possible_truncation)] // below i32::MAX, and whole
    let needed = needed as i32;
    needed
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Signal::AckP99 {
                milliseconds: Some(value),
                target,
            } => write!(f, "ACK p99 {value:.0} ms over target {target:.0} ms"),
            Signal::Lag {
                seconds: Some(value),
                target,
            } => write!(
                f,
                "oldest waiting message {value:.0} s old, over target {target:.0} s"
            ),
            Signal::Connections {
                open: Some(open),
                per_instance,
            } => write!(f, "{open} connections, over {per_instance} an instance"),
            Signal::InFlight {
                messages: Some(messages),
                per_instance,
            } => write!(
                f,
                "{messages} messages in flight, over {per_instance} an instance"
            ),
            Signal::Silence { instances } => write!(f, "{instances} instances do not answer"),
            Signal::AckP99 { .. } => f.write_str("ACK p99 is not known"),
            Signal::Lag { .. } => f.write_str("the age of waiting messages is not known"),
            Signal::Connections { .. } => f.write_str("the number of connections is not known"),
            Signal::InFlight { .. } => f.write_str("the messages in flight are not known"),
        }
    }
}
