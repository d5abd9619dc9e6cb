//! What goes wrong in a round: drawn from its seed alone.

use std::time::Duration;

use crate::proxy::Weather;

/// Faults of a round, at least and at most.
const FAULTS: std::ops::RangeInclusive<usize> = 2..=4;
/// How long a fault that passes lasts. Longer than a session of 6 s: the group goes on without who was paused.
const LASTS_MS: std::ops::RangeInclusive<u64> = 200..=9000;

/// One thing that goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// SIGKILL, and a new process.
    KillKiln(usize),
    /// SIGSTOP for a while.
    PauseKiln(usize, Duration),
    /// SIGKILL, and a new process on the same disk.
    KillBroker(usize),
    /// SIGSTOP for a while.
    PauseBroker(usize, Duration),
    /// The path to an instance, for a while.
    Path(usize, Weather, Duration),
}

/// A fault, and how many of a hundred messages are acknowledged when it comes.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) percent: usize,
    pub(crate) fault: Fault,
}

/// The faults of a round, in their order.
pub(crate) fn plan(random: &mut fastrand::Rng, instances: usize, brokers: usize) -> Vec<Due> {
    let mut faults: Vec<Due> = (0..random.usize(FAULTS))
        .map(|_| Due {
            percent: random.usize(5..90),
            fault: fault(random, instances, brokers),
        })
        .collect();
    faults.sort_by_key(|due| due.percent);
    faults
}

fn fault(random: &mut fastrand::Rng, instances: usize, brokers: usize) -> Fault {
    let (instance, lasts) = (
        random.usize(0..instances),
        Duration::from_millis(random.u64(LASTS_MS)),
    );
    // A path that does harm to every message must end before every sender has given up on it.
    let short = lasts / 4;
    match random.usize(0..if brokers > 0 { 8 } else { 6 }) {
        0 => Fault::KillKiln(instance),
        1 => Fault::PauseKiln(instance, lasts),
        2 => Fault::Path(instance, Weather::SwallowAnswers, short),
        3 => Fault::Path(instance, Weather::CutFrames, short),
        4 => Fault::Path(instance, Weather::Slow, lasts),
        5 => Fault::Path(instance, Weather::Parted, lasts),
        6 => Fault::KillBroker(random.usize(0..brokers)),
        _ => Fault::PauseBroker(random.usize(0..brokers), lasts),
    }
}
