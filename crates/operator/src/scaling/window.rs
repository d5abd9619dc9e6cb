//! What the instances of a role said lately.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::reading::{Buckets, Reading};
use super::signal::Signal;
use crate::api::{ListenScaling, TransformScaling};

/// So far back acknowledgments are counted: short, so that what is over is soon forgotten, and longer than a few looks, so
/// that a sender's pause is none.
const COUNTED: SignedDuration = SignedDuration::from_secs(15);

/// The readings of each instance that is there, and how many did not answer at the last look.
#[derive(Clone, Debug, Default)]
pub struct Window {
    readings: BTreeMap<String, VecDeque<Reading>>,
    answered: BTreeMap<String, bool>,
}

impl Window {
    /// Takes what a look over all instances brought, by their names: of one that did not answer nothing. Instances that are
    /// no longer there are forgotten.
    pub fn take(&mut self, now: Timestamp, look: Vec<(String, Option<Reading>)>) {
        self.answered = look
            .iter()
            .map(|(name, reading)| (name.clone(), reading.is_some()))
            .collect();
        self.readings
            .retain(|name, _| self.answered.contains_key(name));
        for (name, reading) in look {
            self.readings.entry(name).or_default().extend(reading);
        }
        for readings in self.readings.values_mut() {
            // The first that is older stays: counting begins with it.
            while readings
                .get(1)
                .is_some_and(|second| now.duration_since(second.at) >= COUNTED)
            {
                readings.pop_front();
            }
        }
    }

    /// What is felt of listen.
    pub fn of_listen(&self, scaling: &ListenScaling) -> Vec<Signal> {
        vec![
            Signal::AckP99 {
                milliseconds: self.told().then(|| 1000.0 * self.acks().quantile(0.99)),
                target: scaling.ack_milliseconds.into(),
            },
            Signal::Connections {
                open: self.sum(|reading| reading.connections),
                per_instance: scaling.connections_per_instance.unsigned_abs(),
            },
            Signal::InFlight {
                messages: self.sum(|reading| reading.in_flight),
                per_instance: scaling.in_flight_per_instance.unsigned_abs(),
            },
            self.silence(),
        ]
    }

    /// What is felt of transform: the instance that is most behind.
    pub fn of_transform(&self, scaling: &TransformScaling) -> Vec<Signal> {
        let lags = self.last().filter_map(|(_, reading)| reading.lag_seconds);
        vec![
            Signal::Lag {
                seconds: lags.reduce(f64::max),
                target: scaling.lag_seconds.into(),
            },
            self.silence(),
        ]
    }

    /// How many connections each instance has that answered, if so many did and no other is there.
    pub fn connections(&self, instances: usize) -> Option<BTreeMap<String, u32>> {
        let all = self.answered.len() == instances && self.answered.values().all(|told| *told);
        all.then(|| {
            self.last()
                .map(|(name, reading)| (name.clone(), reading.connections))
                .collect()
        })
    }

    /// The last word of each instance that answered at the last look.
    fn last(&self) -> impl Iterator<Item = (&String, &Reading)> {
        self.readings
            .iter()
            .filter(|(name, _)| self.answered.get(*name) == Some(&true))
            .filter_map(|(name, readings)| Some((name, readings.back()?)))
    }

    fn told(&self) -> bool {
        self.last().next().is_some()
    }

    fn sum(&self, of: impl Fn(&Reading) -> u32) -> Option<u32> {
        let told = self.last().map(|(_, reading)| of(reading));
        told.reduce(u32::saturating_add)
    }

    /// The acknowledgments of all instances in the time that is counted.
    fn acks(&self) -> Buckets {
        let mut all = Buckets::default();
        for readings in self.readings.values() {
            if let (Some(first), Some(last)) = (readings.front(), readings.back()) {
                all.add_all(&last.acks.since(&first.acks));
            }
        }
        all
    }

    fn silence(&self) -> Signal {
        Signal::Silence {
            instances: self.answered.values().filter(|told| !**told).count(),
        }
    }
}
