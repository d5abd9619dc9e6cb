//! What goes wrong in a round: drawn from its seed alone.

use std::fmt;
use std::time::Duration;

use crate::proxy::Weather;

/// How often something goes wrong in a round, at least and at most.
const CALAMITIES: std::ops::RangeInclusive<usize> = 2..=4;
/// How long it lasts. Longer than a session of 6 s: the group goes on without who was away.
const LASTS_MS: std::ops::RangeInclusive<u64> = 200..=9000;
/// By how many seconds a clock jumps.
const JUMPS: [i64; 4] = [-86_400, -600, 600, 86_400];
/// The same over Kafka: librdkafka waits in a function of glibc that libfaketime does not know. Behind a clock that was put back it
/// would not wait at all, which no real clock does; one put forward and then right makes it oversleep (librdkafka#2145).
const JUMPS_OVER_KAFKA: [i64; 4] = [20, 40, 600, 86_400];

/// One thing that goes wrong, of an instance, of a broker, or between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// SIGKILL, and a new process when it is over.
    KillKiln(usize),
    /// SIGSTOP.
    PauseKiln(usize),
    /// The instance's wall clock jumps by so many seconds, and back.
    Clock(usize, i64),
    /// What senders and the instance say to each other suffers on the way.
    Path(usize, Weather),
    /// No packet reaches the instance or leaves it.
    CutKiln(usize),
    /// Every packet to the instance is late.
    SlowKiln(usize),
    /// The disk of the embedded store is full.
    FillDisk,
    /// SIGKILL, and a new process on the same disk.
    KillBroker(usize),
    /// SIGSTOP.
    PauseBroker(usize),
    /// No packet reaches the broker or leaves it.
    CutBroker(usize),
    /// Every packet to the broker is late.
    SlowBroker(usize),
    /// The broker's disk is full. A broker leaves then; when there is room, it is started again.
    FillBroker(usize),
    /// An instance and a broker do not reach each other; all others do.
    Part(usize, usize),
}

/// What goes wrong at once, for how long, and how many of a hundred messages are acknowledged when it begins.
#[derive(Clone, Debug)]
pub(crate) struct Calamity {
    pub(crate) percent: usize,
    pub(crate) faults: Vec<Fault>,
    pub(crate) lasts: Duration,
}

impl Calamity {
    /// One fault, now.
    pub(crate) fn of(fault: Fault, lasts: Duration) -> Calamity {
        Calamity {
            percent: 0,
            faults: vec![fault],
            lasts,
        }
    }
}

impl fmt::Display for Calamity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lasts = self.lasts.as_secs_f64();
        write!(f, "{}% {:?} {lasts:.1} s", self.percent, self.faults)
    }
}

/// Those of a round, in their order.
pub(crate) fn plan(random: &mut fastrand::Rng, instances: usize, brokers: usize) -> Vec<Calamity> {
    let mut all: Vec<Calamity> = (0..random.usize(CALAMITIES))
        .map(|_| calamity(random, instances, brokers))
        .collect();
    all.sort_by_key(|calamity| calamity.percent);
    all
}

fn calamity(random: &mut fastrand::Rng, instances: usize, brokers: usize) -> Calamity {
    let mut faults = vec![fault(random, instances, brokers)];
    let second = fault(random, instances, brokers);
    if random.bool() && second.harms() != faults[0].harms() {
        faults.push(second);
    }
    let lasts = Duration::from_millis(random.u64(LASTS_MS));
    // A path that does harm to every message must be fair again before every sender has given up on it.
    let short = faults.iter().any(|fault| {
        matches!(
            fault,
            Fault::Path(_, Weather::SwallowAnswers | Weather::CutFrames)
        )
    });
    Calamity {
        percent: random.usize(5..90),
        faults,
        lasts: if short { lasts / 4 } else { lasts },
    }
}

fn fault(random: &mut fastrand::Rng, instances: usize, brokers: usize) -> Fault {
    let instance = random.usize(0..instances);
    let weather = [
        Weather::SwallowAnswers,
        Weather::CutFrames,
        Weather::Slow,
        Weather::Parted,
    ];
    let jumps = if brokers == 0 {
        JUMPS
    } else {
        JUMPS_OVER_KAFKA
    };
    let of_instance = |random: &mut fastrand::Rng| match random.usize(0..9) {
        0 => Fault::KillKiln(instance),
        1 => Fault::PauseKiln(instance),
        2 => Fault::Clock(instance, jumps[random.usize(0..jumps.len())]),
        3 => Fault::CutKiln(instance),
        4 => Fault::SlowKiln(instance),
        at => Fault::Path(instance, weather[at - 5]),
    };
    if brokers == 0 {
        return match random.usize(0..10) {
            0 => Fault::FillDisk,
            _ => of_instance(random),
        };
    }
    let broker = random.usize(0..brokers);
    match random.usize(0..12) {
        0 => Fault::KillBroker(broker),
        1 => Fault::PauseBroker(broker),
        2 => Fault::CutBroker(broker),
        3 => Fault::SlowBroker(broker),
        4 => Fault::FillBroker(broker),
        5 => Fault::Part(instance, broker),
        _ => of_instance(random),
    }
}

/// What a fault is done to.
#[derive(PartialEq, Eq)]
pub(crate) enum Victim {
    Kiln(usize),
    Broker(usize),
    Disk,
}

impl Fault {
    fn harms(&self) -> Victim {
        match *self {
            Fault::KillKiln(at)
            | Fault::PauseKiln(at)
            | Fault::Clock(at, _)
            | Fault::Path(at, _)
            | Fault::CutKiln(at)
            | Fault::SlowKiln(at)
            | Fault::Part(at, _) => Victim::Kiln(at),
            Fault::KillBroker(at)
            | Fault::PauseBroker(at)
            | Fault::CutBroker(at)
            | Fault::SlowBroker(at)
            | Fault::FillBroker(at) => Victim::Broker(at),
            Fault::FillDisk => Victim::Disk,
        }
    }
}
