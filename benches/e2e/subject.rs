//! A receiver under measurement: a process that takes MLLP on a port and confirms in Kafka.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kiln_tests::{await_until, collector, http};

use crate::watcher::open_console;

/// From the start of the process until it takes connections.
const START: Duration = Duration::from_secs(300);
/// For what was acknowledged to come out.
const SETTLE: Duration = Duration::from_secs(300);
/// Linux counts the processor time of a process in hundredths of a second.
const TICKS_A_SECOND: f64 = 100.0;

/// The running process. Dropped, it is killed.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    process: Child,
    /// Where Kiln tells how many messages it has transformed: its ACK comes before that.
    metrics: Option<SocketAddr>,
}

/// What a process has used.
#[derive(Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu_seconds: f64,
    /// The most memory that was resident at any time.
    pub(crate) peak_mb: f64,
}

impl Subject {
    /// `kiln serve` with its defaults, over the broker.
    pub(crate) fn kiln(directory: &Path, binary: &str, broker: &str) -> Self {
        Self::serve("kiln", "", directory, binary, broker)
    }

    /// The same with traces, of which the default of one in a hundred is exported, and the console open.
    pub(crate) fn watched(directory: &Path, binary: &str, broker: &str) -> Self {
        let traces = format!("traces: {{ endpoint: \"http://{}\" }}\n", collector(drop));
        let subject = Self::serve("kiln, watched", &traces, directory, binary, broker);
        subject.metrics.into_iter().for_each(open_console);
        subject
    }

    fn serve(
        name: &'static str,
        settings: &str,
        directory: &Path,
        binary: &str,
        broker: &str,
    ) -> Self {
        let (address, metrics) = (free_address(), free_address());
        let pipeline = name.replace(", ", "-");
        let config = directory.join(format!("{pipeline}.yaml"));
        let text = format!(
            "name: {pipeline}\nstore:\n  kafka:\n    brokers: [\"{broker}\"]\n    topics: {{ create: true, partitions: 4, replication: 1 }}\n\
             output: {{ layout: bundles }}\nlisteners:\n  - {{ name: mllp, address: \"{address}\" }}\nhttp: {{ address: \"{metrics}\" }}\n{settings}"
        );
        fs::write(&config, text).expect("a configuration");
        let mut command = Command::new(binary);
        command.args(["serve", "--config"]).arg(config);
        Self::start(name, address, command, Some(metrics))
    }

    /// A peer's program, with or without the LinuxForHealth conversion inside.
    pub(crate) fn peer(
        name: &'static str,
        class_path: &str,
        class: &str,
        broker: &str,
        topic: &str,
        converts: bool,
    ) -> Self {
        let address = free_address();
        let mut command = Command::new("java");
        command
            .args(["-Xms1g", "-Xmx1g", "-cp", class_path, class])
            .args([&address.port().to_string(), broker, topic])
            .args(converts.then_some("convert"));
        Self::start(name, address, command, None)
    }

    fn start(
        name: &'static str,
        address: SocketAddr,
        mut command: Command,
        metrics: Option<SocketAddr>,
    ) -> Self {
        let process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} must start: {error}"));
        let subject = Self {
            name,
            address,
            process,
            metrics,
        };
        await_until("a receiver that takes connections", START, || {
            TcpStream::connect(address).ok()
        });
        subject
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Usage {
        let read = |name: &str| {
            fs::read_to_string(format!("/proc/{}/{name}", self.process.id()))
                .unwrap_or_else(|error| panic!("{} left: {error}", self.name))
        };
        // The fields after the name in brackets; 14 and 15 of proc_pid_stat(5) are the user's and the system's time.
        let stat = read("stat");
        let fields: Vec<&str> = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        let ticks = |field: usize| fields[field - 3].parse::<f64>().unwrap_or(f64::NAN);
        let status = read("status");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = peak.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Usage {
            cpu_seconds: (ticks(14) + ticks(15)) / TICKS_A_SECOND,
            peak_mb: kb.unwrap_or(f64::NAN) / 1024.0,
        }
    }

    /// Waits until what was sent has become FHIR in Kafka: so many messages since the start. The peers have done it by their ACK.
    pub(crate) fn await_output(&self, messages: u64) {
        if let Some(metrics) = self.metrics {
            await_until("transformed messages", SETTLE, || {
                (transformed(metrics)? >= messages).then_some(())
            });
        }
    }

    /// The messages that it has transformed; 0 for a peer.
    pub(crate) fn output(&self) -> u64 {
        self.metrics.and_then(transformed).unwrap_or_default()
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It may have left already; reaping is all that matters then.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The sum of `kiln_transform_messages_total` over its labels.
fn transformed(metrics: SocketAddr) -> Option<u64> {
    let (_, answer) = http::get(metrics, "/metrics")?;
    let samples = answer
        .lines()
        .filter(|line| line.starts_with("kiln_transform_messages_total"));
    samples
        .map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}
