//! What a contest gave, as a table for people or as JSON for programs.

use std::fmt::Write as _;

use crate::contest::Timing;

/// One piece of work that subjects were timed on. Kiln's own subjects are those whose names begin with `kiln`.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// What it is.
    pub name: &'c str,
    /// What the times are given for: a message, a frame.
    pub unit: &'c str,
    /// Bytes of all the work together.
    pub bytes: usize,
    /// How many units that is.
    pub work: usize,
}

impl Case<'_> {
    /// Prints one table, or one JSON object a line: each of Kiln's subjects against each peer and each limit.
    pub fn report(&self, timings: &[Timing], json: bool) {
        if !json {
            println!(
                "\n{}\n  {:<26} {:>12} {:>12} {:>11} {:>8}   times as fast as: by median, by shortest, spread",
                self.name,
                "",
                format!("ns a {}", self.unit),
                "shortest ns",
                format!("{}s/s", self.unit),
                "GB/s"
            );
        }
        for own in timings {
            if json {
                for peer in peers(own, timings) {
                    println!("{}", self.json(own, peer));
                }
            } else {
                println!("{}", self.row(own, timings));
            }
        }
    }

    fn row(&self, own: &Timing, timings: &[Timing]) -> String {
        let mut row = format!(
            "  {:<26} {:>12.1} {:>12.1} {:>11.0} {:>8.3}",
            own.subject,
            self.per(own.median_ns),
            self.per(own.min_ns),
            1e9 / self.per(own.median_ns),
            self.rate(own.min_ns)
        );
        for peer in peers(own, timings) {
            if !peer.subject.starts_with("limit") {
                let ratio = own.against(peer);
                let _ = write!(
                    row,
                    "   {}: {:.1}, {:.1}, ±{:.0} %",
                    peer.subject,
                    ratio.by_median,
                    ratio.by_min,
                    ratio.spread * 50.0
                );
            }
        }
        row
    }

    fn json(&self, own: &Timing, peer: &Timing) -> String {
        let ratio = own.against(peer);
        format!(
            "{{\"case\":\"{}\",\"subject\":\"{}\",\"peer\":\"{}\",\"ratio\":{:.3},\"ratio_of_shortest\":{:.3},\"spread\":{:.3},\"subject_ns\":{:.1},\"subject_shortest_ns\":{:.1},\"peer_ns\":{:.1},\"peer_shortest_ns\":{:.1}}}",
            self.name,
            own.subject,
            peer.subject,
            ratio.by_median,
            ratio.by_min,
            ratio.spread,
            self.per(own.median_ns),
            self.per(own.min_ns),
            self.per(peer.median_ns),
            self.per(peer.min_ns),
        )
    }

    fn per(&self, ns: f64) -> f64 {
        ns / number(self.work)
    }

    fn rate(&self, ns: f64) -> f64 {
        number(self.bytes) / ns
    }
}

/// The peers and limits that a subject of Kiln's is held against; none for those themselves.
fn peers<'t>(own: &Timing, timings: &'t [Timing]) -> impl Iterator<Item = &'t Timing> + use<'t> {
    let is_own = |timing: &Timing| timing.subject.starts_with("kiln");
    let held = is_own(own);
    timings.iter().filter(move |peer| held && !is_own(peer))
}

#[expect(clippy::cast_precision_loss, reason = "a count of bytes or messages")]
fn number(count: usize) -> f64 {
    count as f64
}
