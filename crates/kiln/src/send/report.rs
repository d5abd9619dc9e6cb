//! What came of sending.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::json;

use super::outcome::{End, Outcome};

/// Refusals that are listed one by one; all are counted.
const LISTED: usize = 20;
/// Latencies beyond an hour count as an hour.
const LONGEST_MICROSECONDS: u64 = 3_600_000_000;

/// What came of sending.
#[derive(Debug)]
pub(crate) struct Report {
    planned: usize,
    codes: BTreeMap<String, u64>,
    types: BTreeMap<String, u64>,
    refused: Vec<Problem>,
    refused_count: u64,
    unanswered: Vec<Problem>,
    resent: u64,
    latency: Histogram<u64>,
    elapsed: Duration,
}

#[derive(Debug, serde::Serialize)]
struct Problem {
    control_id: String,
    message_type: String,
    code: Option<String>,
    reason: Option<String>,
}

impl Report {
    pub(crate) fn new(planned: usize) -> Report {
        Report {
            planned,
            codes: BTreeMap::new(),
            types: BTreeMap::new(),
            refused: Vec::new(),
            refused_count: 0,
            unanswered: Vec::new(),
            resent: 0,
            latency: Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 3)
                .expect("constant bounds are valid"),
            elapsed: Duration::ZERO,
        }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.resent += u64::from(outcome.attempts - 1);
        let Outcome {
            control_id,
            message_type,
            ..
        } = outcome;
        match outcome.end {
            End::Answered { answer, latency } => {
                let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
                self.latency.saturating_record(micros.max(1));
                *self.codes.entry(answer.code.clone()).or_default() += 1;
                *self.types.entry(message_type.clone()).or_default() += 1;
                if !answer.accepted() {
                    self.refused_count += 1;
                    if self.refused.len() < LISTED {
                        let code = Some(answer.code);
                        self.refused.push(Problem {
                            control_id,
                            message_type,
                            code,
                            reason: answer.reason,
                        });
                    }
                }
            }
            End::Unanswered { error } => {
                self.unanswered.push(Problem {
                    control_id,
                    message_type,
                    code: None,
                    reason: Some(error),
                });
            }
        }
    }

    pub(crate) fn finish(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    pub(crate) fn acknowledged(&self) -> u64 {
        self.codes.values().sum()
    }

    pub(crate) fn all_accepted(&self) -> bool {
        self.refused_count == 0 && self.acknowledged() == self.planned as u64
    }

    pub(crate) fn codes(&self) -> &BTreeMap<String, u64> {
        &self.codes
    }

    pub(crate) fn types(&self) -> &BTreeMap<String, u64> {
        &self.types
    }

    /// The latency below which that share of the messages was acknowledged, in milliseconds.
    pub(crate) fn latency_ms(&self, quantile: f64) -> f64 {
        Duration::from_micros(self.latency.value_at_quantile(quantile)).as_secs_f64() * 1000.0
    }

    fn not_sent(&self) -> u64 {
        self.planned as u64 - self.acknowledged() - self.unanswered.len() as u64
    }

    fn per_second(&self) -> u64 {
        let seconds = self.elapsed.as_secs_f64();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        // counts far below 2^52
        if seconds > 0.0 {
            (self.acknowledged() as f64 / seconds) as u64
        } else {
            0
        }
    }

    /// One JSON object and a line end.
    pub(crate) fn json(&self) -> String {
        let object = json!({
            "messages": self.planned,
            "acknowledged": self.codes,
            "refused": self.refused_count,
            "refusals": self.refused,
            "unanswered": self.unanswered,
            "not_sent": self.not_sent(),
            "resent": self.resent,
            "seconds": self.elapsed.as_secs_f64(),
            "messages_per_second": self.per_second(),
            "latency_ms": {
                "p50": self.latency_ms(0.5), "p90": self.latency_ms(0.9), "p99": self.latency_ms(0.99),
                "p999": self.latency_ms(0.999), "max": self.latency_ms(1.0),
            },
        });
        format!("{object}\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes: Vec<String> = self
            .codes
            .iter()
            .map(|(code, count)| format!("{code} {count}"))
            .collect();
        writeln!(
            f,
            "sent          {} messages in {:.2} s, {} a second",
            self.acknowledged(),
            self.elapsed.as_secs_f64(),
            self.per_second()
        )?;
        writeln!(
            f,
            "acknowledged  {}",
            if codes.is_empty() {
                "none".to_owned()
            } else {
                codes.join(", ")
            }
        )?;
        if self.resent > 0 {
            writeln!(f, "sent again    {}", self.resent)?;
        }
        if self.acknowledged() > 0 {
            writeln!(
                f,
                "ACK latency   p50 {:.2} ms   p90 {:.2} ms   p99 {:.2} ms   p99.9 {:.2} ms   max {:.2} ms",
                self.latency_ms(0.5),
                self.latency_ms(0.9),
                self.latency_ms(0.99),
                self.latency_ms(0.999),
                self.latency_ms(1.0)
            )?;
        }
        for problem in self.refused.iter().chain(&self.unanswered) {
            writeln!(
                f,
                "{:<13} {} {}: {}",
                problem.code.as_deref().unwrap_or("no ACK"),
                problem.control_id,
                problem.message_type,
                problem.reason.as_deref().unwrap_or("no reason given")
            )?;
        }
        let unlisted = self.refused_count - self.refused.len() as u64;
        if unlisted > 0 {
            writeln!(f, "and {unlisted} more refused; --record FILE lists all")?;
        }
        if self.not_sent() > 0 {
            writeln!(f, "not sent      {}", self.not_sent())?;
        }
        Ok(())
    }
}
