//! What instances count, from their metrics.

use std::collections::BTreeMap;

use crate::scaling::{Buckets, samples};

/// So many acknowledgments are needed for a percentile.
const ENOUGH_ACKS: f64 = 100.0;

/// What one instance has counted since it started. Messages count once where they are received and once where they are
/// transformed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counted {
    messages: f64,
    errors: f64,
    acks: Buckets,
}

impl Counted {
    /// From an answer of `/metrics`.
    pub fn read(answer: &str) -> Counted {
        let mut counted = Counted::default();
        for sample in samples(answer).filter(|sample| sample.value.is_finite()) {
            match sample.name {
                "kiln_listen_messages_total" | "kiln_transform_messages_total" => {
                    counted.messages += sample.value;
                }
                "kiln_listen_refused_total" => {
                    counted.messages += sample.value;
                    counted.errors += sample.value;
                }
                "kiln_transform_dead_letters_total" => counted.errors += sample.value,
                "kiln_listen_ack_seconds_bucket" => {
                    if let Some(bound) = sample.label("le").and_then(|bound| bound.parse().ok()) {
                        counted.acks.add(bound, sample.value);
                    }
                }
                _ => {}
            }
        }
        counted
    }

    /// What was counted after `earlier`; all where the instance counts anew.
    fn since(&self, earlier: &Counted) -> Counted {
        if self.messages < earlier.messages {
            return self.clone();
        }
        Counted {
            messages: self.messages - earlier.messages,
            errors: (self.errors - earlier.errors).max(0.0),
            acks: self.acks.since(&earlier.acks),
        }
    }
}

/// What several instances counted in one time.
#[derive(Clone, Debug, Default)]
pub struct Counting(BTreeMap<String, (Counted, Counted)>);

impl Counting {
    /// Takes what an instance says now. Of one that is new since the time began, all counts; of another what comes after its
    /// first word. One that leaves is not forgotten: what it counted is a part of the whole.
    pub fn take(&mut self, instance: &str, is_new: bool, counted: Counted) {
        let first = if is_new {
            Counted::default()
        } else {
            counted.clone()
        };
        let known = self.0.entry(instance.to_owned());
        known.or_insert((first, Counted::default())).1 = counted;
    }

    /// Messages, and those of them that failed.
    pub fn messages(&self) -> (i64, i64) {
        let all = self.all();
        (whole(all.messages), whole(all.errors))
    }

    /// How many of a thousand failed; 0 when there were none.
    pub fn errors_per_thousand(&self) -> i64 {
        let all = self.all();
        if all.messages < 1.0 {
            return 0;
        }
        whole((1000.0 * all.errors / all.messages).ceil())
    }

    /// The 99th percentile of acknowledgments in milliseconds, where there were enough.
    pub fn ack_milliseconds(&self) -> Option<f64> {
        let acks = self.all().acks;
        (acks.total() >= ENOUGH_ACKS).then(|| 1000.0 * acks.quantile(0.99))
    }

    fn all(&self) -> Counted {
        let mut all = Counted::default();
        for (first, last) in self.0.values() {
            let counted = last.since(first);
            all.messages += counted.messages;
            all.errors += counted.errors;
            all.acks.add_all(&counted.acks);
        }
        all
    }
}

#[allow(clippy::cast_possible_truncation)] // a count of messages
fn whole(value: f64) -> i64 {
    value as i64
}
