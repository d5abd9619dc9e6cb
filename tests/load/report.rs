//! What came of it, for people and for programs, and whether the promises hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::json;

use crate::measure::Phase;
use crate::options::Options;

/// Among a crowd and slow peers, 99 in 100 answers come within so many times what they take without.
const MOST_SLOWER: f64 = 2.0;
/// The process takes no more memory than that and what its connections are stated to.
const MOST_BYTES: u64 = 256 * 1024 * 1024;
/// What a connection takes at most (LIMITS.md).
const MOST_BYTES_A_CONNECTION: u64 = 24 * 1024;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    phases: Vec<Phase>,
    /// Memory of an idle connection, in the clear and within TLS.
    pub(crate) idle_bytes: u64,
    pub(crate) idle_tls_bytes: u64,
    /// Connections that slow peers tried.
    pub(crate) tries: usize,
    /// Connections that were open at the end of the last phase.
    pub(crate) open: u64,
    /// Connections that were closed, by reason.
    pub(crate) closed: BTreeMap<String, u64>,
}

impl Report {
    pub(crate) fn add(&mut self, phase: Phase) {
        self.phases.push(phase);
    }

    pub(crate) fn shown(&self, json: bool) -> String {
        if json { self.json() } else { self.text() }
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{:<16} {:>9} {:>9} {:>9} {:>9} {:>9}\n",
            "senders", "answers", "p50 ms", "p99 ms", "p99.9 ms", "memory MB"
        );
        for phase in &self.phases {
            let _ = writeln!(
                text,
                "{:<16} {:>9} {:>9.2} {:>9.2} {:>9.2} {:>9.1}",
                phase.name,
                phase.times.len(),
                phase.milliseconds(50.0),
                phase.milliseconds(99.0),
                phase.milliseconds(99.9),
                megabytes(phase.memory.now),
            );
        }
        let _ = writeln!(
            text,
            "\nan idle connection takes {} bytes, within TLS {}; the most that the process took: {:.1} MB",
            self.idle_bytes,
            self.idle_tls_bytes,
            megabytes(self.peak())
        );
        let _ = writeln!(
            text,
            "slow peers tried {} connections; {} were open at the end, and these were closed: {:?}",
            self.tries, self.open, self.closed
        );
        text
    }

    fn json(&self) -> String {
        let phases: Vec<_> = self
            .phases
            .iter()
            .map(|phase| {
                json!({
                    "senders": phase.name,
                    "answers": phase.times.len(),
                    "p50Milliseconds": phase.milliseconds(50.0),
                    "p99Milliseconds": phase.milliseconds(99.0),
                    "p99_9Milliseconds": phase.milliseconds(99.9),
                    "memoryBytes": phase.memory.now,
                })
            })
            .collect();
        let object = json!({
            "phases": phases,
            "idleConnectionBytes": self.idle_bytes,
            "idleTlsConnectionBytes": self.idle_tls_bytes,
            "peakBytes": self.peak(),
            "slowPeersTried": self.tries,
            "open": self.open,
            "closed": self.closed,
        });
        format!("{object}\n")
    }

    fn peak(&self) -> u64 {
        let peaks = self.phases.iter().map(|phase| phase.memory.peak);
        peaks.max().unwrap_or(0)
    }

    /// The promise that does not hold.
    pub(crate) fn broken(&self, options: &Options) -> Option<String> {
        let connections = (options.connections + options.slow) as u64;
        let most = MOST_BYTES + connections * MOST_BYTES_A_CONNECTION;
        if self.peak() > most {
            return Some(format!("more memory than {:.0} MB", megabytes(most)));
        }
        if self.closed.get("too-many").is_none_or(|count| *count == 0) {
            return Some("no slow peer was turned away for want of a place".to_owned());
        }
        let (Some(alone), Some(last)) = (self.phases.first(), self.phases.last()) else {
            return Some("nothing was measured".to_owned());
        };
        let slower = last.milliseconds(99.0) / alone.milliseconds(99.0);
        (options.judge && slower >= MOST_SLOWER)
            .then(|| format!("99 in 100 answers take {slower:.2} times as long as without"))
    }
}

#[allow(clippy::cast_precision_loss)] // bytes
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}
