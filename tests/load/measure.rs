//! What is measured of the process: memory by the system's own word, the rest by `/metrics`.

use std::collections::BTreeMap;
use std::future::Future;

use hdrhistogram::Histogram;

use crate::server::Server;

/// Memory of the process in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// In use (`VmRSS`).
    pub(crate) now: u64,
    /// The most that ever was (`VmHWM`).
    pub(crate) peak: u64,
}

impl Memory {
    pub(crate) fn of(kiln: &Server) -> Memory {
        let status = kiln.proc("status");
        let kib = |name: &str| -> u64 {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let value = line.and_then(|rest| rest.split_whitespace().next());
            value.and_then(|value| value.parse().ok()).expect("a size")
        };
        Memory {
            now: kib("VmRSS:") * 1024,
            peak: kib("VmHWM:") * 1024,
        }
    }

    pub(crate) fn over(self, before: Memory) -> u64 {
        self.now.saturating_sub(before.now)
    }
}

/// What senders met in one phase.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) name: &'static str,
    /// How long answers took, in microseconds.
    pub(crate) times: Histogram<u64>,
    pub(crate) memory: Memory,
}

impl Phase {
    pub(crate) async fn of(
        name: &'static str,
        kiln: &Server,
        working: impl Future<Output = Histogram<u64>>,
    ) -> Phase {
        Phase {
            name,
            times: working.await,
            memory: Memory::of(kiln),
        }
    }

    /// Of the answers that many in 100 took at most so long, in milliseconds.
    pub(crate) fn milliseconds(&self, percentile: f64) -> f64 {
        #[allow(clippy::cast_precision_loss)] // microseconds
        let microseconds = self.times.value_at_percentile(percentile) as f64;
        microseconds / 1000.0
    }
}

/// The sum of the series whose line begins so.
pub(crate) fn counted(kiln: &Server, beginning: &str) -> u64 {
    let text = kiln.metrics();
    let lines = text.lines().filter(|line| line.starts_with(beginning));
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Connections of peers that were closed, by reason.
pub(crate) fn closed(kiln: &Server) -> BTreeMap<String, u64> {
    let text = kiln.metrics();
    let of = |line: &str| {
        let rest = line.strip_prefix("kiln_listen_connections_closed_total{")?;
        let (labels, count) = rest.rsplit_once("} ")?;
        let reason = labels.rsplit_once("reason=\"")?.1.trim_end_matches('"');
        Some((reason.to_owned(), count.parse().ok()?))
    };
    text.lines().filter_map(of).collect()
}
