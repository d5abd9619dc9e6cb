//! What one instance says of itself, once.

use jiff::Timestamp;

use super::exposition::{Sample, samples};

/// What the answer of `/metrics` says that scaling asks for. Series of the same name are added up over their listeners.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub(super) at: Timestamp,
    pub(super) connections: u32,
    pub(super) in_flight: u32,
    pub(super) acks: Buckets,
    /// Of the interactive lane; none: the instance does not tell.
    pub(super) lag_seconds: Option<f64>,
}

impl Reading {
    /// Reads an answer that came at `at`.
    pub fn read(at: Timestamp, answer: &str) -> Reading {
        let mut reading = Reading {
            at,
            connections: 0,
            in_flight: 0,
            acks: Buckets::default(),
            lag_seconds: None,
        };
        for sample in samples(answer).filter(|sample| sample.value.is_finite()) {
            reading.add(&sample);
        }
        reading
    }

    fn add(&mut self, sample: &Sample<'_>) {
        match sample.name {
            "kiln_listen_connections" => {
                self.connections = self.connections.saturating_add(count(sample.value));
            }
            "kiln_listen_in_flight_messages" => {
                self.in_flight = self.in_flight.saturating_add(count(sample.value));
            }
            "kiln_listen_ack_seconds_bucket" => {
                if let Some(bound) = sample.label("le").and_then(|bound| bound.parse().ok()) {
                    self.acks.add(bound, sample.value);
                }
            }
            "kiln_transform_lag_seconds" if sample.label("lane") == Some("interactive") => {
                self.lag_seconds = Some(self.lag_seconds.unwrap_or(0.0).max(sample.value));
            }
            _ => {}
        }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, and saturating
fn count(value: f64) -> u32 {
    value as u32
}

/// A histogram as it is told: how many were at most so long, by bound in seconds, in ascending order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Buckets(Vec<(f64, f64)>);

impl Buckets {
    pub(crate) fn add(&mut self, bound: f64, count: f64) {
        match self.0.binary_search_by(|known| known.0.total_cmp(&bound)) {
            Ok(at) => self.0[at].1 += count,
            Err(at) => self.0.insert(at, (bound, count)),
        }
    }

    pub(crate) fn add_all(&mut self, other: &Buckets) {
        for (bound, count) in &other.0 {
            self.add(*bound, *count);
        }
    }

    /// What was counted after `earlier`. An instance that counts anew was started anew: then all that it has.
    pub(crate) fn since(&self, earlier: &Buckets) -> Buckets {
        if self.total() < earlier.total() {
            return self.clone();
        }
        let count = |bound: f64| {
            let known = earlier
                .0
                .iter()
                .find(|known| known.0.total_cmp(&bound).is_eq());
            known.map_or(0.0, |known| known.1)
        };
        let counted = |&(bound, now): &(f64, f64)| (bound, (now - count(bound)).max(0.0));
        Buckets(self.0.iter().map(counted).collect())
    }

    /// How many were counted.
    pub(crate) fn total(&self) -> f64 {
        self.0.last().map_or(0.0, |last| last.1)
    }

    /// The time in seconds that a share of all stays within, between bounds in proportion; 0 when nothing was counted. Beyond
    /// the last finite bound nothing is known but that it is longer.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let rank = share * self.total();
        let (mut lower, mut below) = (0.0, 0.0);
        for &(bound, count) in &self.0 {
            if bound.is_infinite() {
                break;
            }
            if count >= rank && count > below {
                return lower + (bound - lower) * (rank - below) / (count - below);
            }
            (lower, below) = (bound, count);
        }
        if rank > below { lower } else { 0.0 }
    }
}
