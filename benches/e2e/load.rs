//! The load: `kiln send`, the same for all receivers.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::subject::Subject;

/// Distinct messages of one run; then the same again under other control ids.
const DISTINCT: usize = 4_000;

/// What senders saw.
pub(crate) struct Sent {
    pub(crate) messages_per_second: f64,
    pub(crate) seconds: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
}

/// Sends admissions and results in turn, of some 300 feeds, each connection the next message when the last is acknowledged.
///
/// Of each `seed` all messages are different from those of another, or Kiln would know them as resent.
pub(crate) fn send(
    directory: &Path,
    binary: &str,
    subject: &Subject,
    seed: u64,
    connections: usize,
    count: usize,
) -> Sent {
    let file = directory.join("messages.hl7");
    let messages = kiln_benches::messages(seed, DISTINCT.min(count)).concat();
    fs::write(&file, messages).expect("a file of messages");
    let output = Command::new(binary)
        .args([
            "send",
            "--json",
            "--timeout",
            "300",
            "--to",
            &subject.address.to_string(),
        ])
        .args([
            "--connections",
            &connections.to_string(),
            "--count",
            &count.to_string(),
        ])
        .arg(&file)
        .stderr(Stdio::inherit())
        .output()
        .expect("kiln send must start");
    let result: Value = serde_json::from_slice(&output.stdout).expect("a result of kiln send");
    assert!(
        output.status.success(),
        "{} did not accept every message: {result}",
        subject.name
    );
    let number = |value: &Value| value.as_f64().expect("a number");
    let latency = &result["latency_ms"];
    Sent {
        messages_per_second: number(&result["messages_per_second"]),
        seconds: number(&result["seconds"]),
        p50_ms: number(&latency["p50"]),
        p99_ms: number(&latency["p99"]),
        p999_ms: number(&latency["p999"]),
    }
}
