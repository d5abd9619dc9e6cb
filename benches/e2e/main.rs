//! The verdict from end to end: MLLP, confirmed in Kafka, acknowledged. Kiln beside Apache Camel and a HAPI HL7v2 receiver, each
//! of them with and without the LinuxForHealth conversion, on one broker, in interleaved rounds of the same load.
//!
//! Kiln does more than they: it keeps the message and emits its FHIR exactly once. Its rate here is that of the FHIR
//! committed in Kafka, not of the ACKs; the latencies are those of the ACKs.
//!
//! `cargo xtask compare e2e` prints it as a table, with `--json` one object a line.
#![allow(missing_docs)]

mod load;
mod subject;
mod watcher;

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use kiln_tests::Broker;

use load::send;
use subject::Subject;

/// How much is done.
struct Plan {
    connections: &'static [usize],
    rounds: usize,
    /// What the JVMs have to compile the code they run.
    warm_up: Duration,
    /// The messages that tell how many make a round.
    pilot: usize,
    /// How long one subject is measured in one round, about.
    round: Duration,
}

const WHOLE: Plan = Plan {
    connections: &[1, 16, 128],
    rounds: 3,
    warm_up: Duration::from_secs(60),
    pilot: 256,
    round: Duration::from_secs(10),
};
/// Each subject works once.
const TRIAL: Plan = Plan {
    connections: &[4],
    rounds: 1,
    warm_up: Duration::ZERO,
    pilot: 4,
    round: Duration::ZERO,
};

impl Plan {
    /// As many as take about one round.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rate of messages is small and positive"
    )]
    fn messages(&self, per_second: f64) -> usize {
        ((per_second * self.round.as_secs_f64()) as usize).max(self.pilot)
    }
}

/// One subject in one round.
struct Measured {
    messages_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    p999_ms: f64,
    cpu_seconds_a_million: f64,
    peak_mb: f64,
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run `cargo xtask compare e2e`"))
}

/// Kiln first, and once more with the console open and traces on; the peers that convert do a part of its work, the others still
/// less.
fn subjects(directory: &Path, broker: &str) -> Vec<Subject> {
    let (camel, hapi) = (variable("KILN_CAMEL"), variable("KILN_HAPI"));
    let peer = |name, class_path: &str, class, topic, converts| {
        Subject::peer(name, class_path, class, broker, topic, converts)
    };
    vec![
        Subject::kiln(directory, &variable("KILN_BIN"), broker),
        Subject::watched(directory, &variable("KILN_BIN"), broker),
        peer("Camel, LinuxForHealth", &camel, "Route", "camel-fhir", true),
        peer("HAPI, LinuxForHealth", &hapi, "Receive", "hapi-fhir", true),
        peer("Camel, no conversion", &camel, "Route", "camel-raw", false),
        peer("HAPI, no conversion", &hapi, "Receive", "hapi-raw", false),
    ]
}

/// A run of `count` messages; what is used is told for a million.
#[expect(clippy::cast_precision_loss, reason = "a count of messages")]
fn measure(
    directory: &Path,
    subject: &Subject,
    seed: u64,
    connections: usize,
    count: usize,
) -> Measured {
    let (before, output) = (subject.usage(), subject.output());
    let begun = Instant::now();
    let sent = send(
        directory,
        &variable("KILN_BIN"),
        subject,
        seed,
        connections,
        count,
    );
    let started = begun.elapsed().as_secs_f64() - sent.seconds;
    subject.await_output(output + count as u64);
    let seconds = begun.elapsed().as_secs_f64() - started;
    let used = subject.usage();
    Measured {
        messages_per_second: sent.messages_per_second.min(count as f64 / seconds),
        p50_ms: sent.p50_ms,
        p99_ms: sent.p99_ms,
        p999_ms: sent.p999_ms,
        cpu_seconds_a_million: (used.cpu_seconds - before.cpu_seconds) * 1e6 / count as f64,
        peak_mb: used.peak_mb,
    }
}

fn main() {
    let json = env::args().any(|argument| argument == "--json");
    // Cargo says so when it benchmarks.
    let plan = if env::args().any(|argument| argument == "--bench") {
        WHOLE
    } else {
        TRIAL
    };
    let directory = tempfile::tempdir().expect("a directory");
    let directory = directory.path();
    let broker = Broker::start(
        &directory.join("broker"),
        Path::new(&variable("KILN_KAFKA_LIB")),
    );
    let subjects = subjects(directory, &broker.address());
    let mut seed = 0;
    let mut next_seed = || {
        seed += 1;
        seed
    };
    for subject in &subjects {
        let begun = Instant::now();
        while begun.elapsed() < plan.warm_up {
            measure(directory, subject, next_seed(), 16, plan.pilot);
        }
    }
    for &connections in plan.connections {
        let mut counts = BTreeMap::new();
        for subject in &subjects {
            let pilot = measure(directory, subject, next_seed(), connections, plan.pilot);
            counts.insert(subject.name, plan.messages(pilot.messages_per_second));
        }
        let mut rounds: BTreeMap<&str, Vec<Measured>> = BTreeMap::new();
        for _ in 0..plan.rounds {
            for subject in &subjects {
                let measured = measure(
                    directory,
                    subject,
                    next_seed(),
                    connections,
                    counts[subject.name],
                );
                rounds.entry(subject.name).or_default().push(measured);
            }
        }
        report(connections, &subjects, &rounds, json);
    }
}

/// The medians of the rounds, as a table, or Kiln against each peer as JSON.
fn report(
    connections: usize,
    subjects: &[Subject],
    rounds: &BTreeMap<&str, Vec<Measured>>,
    json: bool,
) {
    let of =
        |name: &str, value: fn(&Measured) -> f64| median(rounds[name].iter().map(value).collect());
    if !json {
        println!(
            "\n{connections} connections\n  {:<24} {:>10} {:>9} {:>9} {:>9} {:>14} {:>9}   Kiln: times the messages, p99",
            "", "messages/s", "p50 ms", "p99 ms", "p99.9 ms", "CPU s/million", "peak MB"
        );
    }
    let own = &subjects[0].name;
    for subject in subjects {
        let name = subject.name;
        let rate = of(name, |measured| measured.messages_per_second);
        let [p50, p99, p999] = [
            of(name, |measured| measured.p50_ms),
            of(name, |measured| measured.p99_ms),
            of(name, |measured| measured.p999_ms),
        ];
        let cpu = of(name, |measured| measured.cpu_seconds_a_million);
        let memory = of(name, |measured| measured.peak_mb);
        let ratio = of(own, |measured| measured.messages_per_second) / rate;
        let p99_ratio = of(own, |measured| measured.p99_ms) / p99;
        if json {
            println!(
                "{{\"case\":\"{connections} connections\",\"subject\":\"{own}\",\"peer\":\"{name}\",\"ratio\":{ratio:.3},\"p99_ratio\":{p99_ratio:.3},\"peer_messages_per_second\":{rate:.0},\"peer_ack_p50_ms\":{p50:.3},\"peer_ack_p99_ms\":{p99:.3},\"peer_ack_p999_ms\":{p999:.3},\"peer_cpu_seconds_a_million\":{cpu:.1},\"peer_peak_mb\":{memory:.0}}}"
            );
        } else {
            println!(
                "  {name:<24} {rate:>10.0} {p50:>9.2} {p99:>9.2} {p999:>9.2} {cpu:>14.0} {memory:>9.0}   {ratio:.1}, {p99_ratio:.2}"
            );
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
