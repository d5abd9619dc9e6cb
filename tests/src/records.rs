//! What was emitted, as a stranger to Kiln reads it: kcat for Kafka, the files themselves for the embedded store.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// One emitted resource, and the message it came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// Header `control-id`.
    pub control_id: String,
    /// `resourceType` of the value.
    pub resource_type: String,
    /// `id` of the value.
    pub id: String,
    /// Whether the value says that what it is about is no longer in use: `active` is false, as a merge leaves the identifier
    /// that it retires.
    pub retired: bool,
}

impl Record {
    /// Of a resource that a message gives.
    pub fn of(control_id: &str, resource: &Value) -> Record {
        let text = |name: &str| resource[name].as_str().unwrap_or_default().to_owned();
        Record {
            control_id: control_id.to_owned(),
            resource_type: text("resourceType"),
            id: text("id"),
            retired: resource["active"] == false,
        }
    }

    fn read(control_id: &str, value: &str) -> Record {
        let resource = serde_json::from_str(value).expect("an emitted value must be JSON");
        Record::of(control_id, &resource)
    }
}

/// The records of an embedded directory, each file in its order. Only what was committed is read, as a reader beside a
/// running pipeline must.
///
/// # Panics
/// When a file cannot be read, a value is no JSON, or lines and header lines do not pair up.
pub fn embedded(directory: &Path) -> Vec<Record> {
    let mut records = Vec::new();
    for (value, headers) in lines(directory, |name| name.starts_with("fhir/")) {
        records.push(Record::read(
            headers["control-id"].as_str().unwrap_or_default(),
            &value,
        ));
    }
    records
}

/// The dead letters of an embedded directory: the bytes as they were received, and the header `reason`.
///
/// # Panics
/// As [`embedded`].
pub fn embedded_dead(directory: &Path) -> Vec<(Vec<u8>, String)> {
    let mut letters = Vec::new();
    for (value, headers) in lines(directory, |name| name == "dead.ndjson") {
        let value: Value = serde_json::from_str(&value).expect("a dead letter's line must be JSON");
        let raw = STANDARD
            .decode(value["raw"].as_str().unwrap_or_default())
            .expect("raw must be base64");
        letters.push((
            raw,
            headers["reason"].as_str().unwrap_or_default().to_owned(),
        ));
    }
    letters
}

/// The audit events of an embedded directory, as they lie in the file.
///
/// # Panics
/// As [`embedded`].
pub fn embedded_audit(directory: &Path) -> Vec<String> {
    let events = lines(directory, |name| name == "audit.ndjson").into_iter();
    events.map(|(event, _)| event).collect()
}

/// The committed lines of some files, each with its headers.
fn lines(directory: &Path, wanted: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let Ok(committed) = fs::read_to_string(directory.join("committed.json")) else {
        return Vec::new();
    };
    let committed: BTreeMap<String, usize> =
        serde_json::from_str(&committed).expect("committed.json must hold lengths by file");
    let lines = |name: &str| -> Vec<String> {
        let Some(length) = committed.get(name) else {
            return Vec::new();
        };
        let bytes = fs::read(directory.join(name)).expect("a committed file must be there");
        assert!(
            bytes.len() >= *length,
            "{name} is shorter than what was committed"
        );
        let text = std::str::from_utf8(&bytes[..*length]).expect("lines must be UTF-8");
        text.lines().map(str::to_owned).collect()
    };
    let mut pairs = Vec::new();
    for name in committed.keys().filter(|name| wanted(name)) {
        let values = lines(name);
        let headers = lines(&format!("headers/{name}"));
        assert_eq!(
            values.len(),
            headers.len(),
            "{name} and its headers must have as many lines"
        );
        for (value, headers) in values.into_iter().zip(&headers) {
            pairs.push((
                value,
                serde_json::from_str(headers).expect("a header line must be JSON"),
            ));
        }
    }
    pairs
}

/// The committed records of all `<prefix>.fhir.*` topics, read by kcat with `read_committed`.
///
/// # Panics
/// When kcat is missing or fails.
pub fn kafka(brokers: &str, prefix: &str) -> Vec<Record> {
    let topics = format!("{prefix}.fhir.");
    let mut records = Vec::new();
    for topic in topics_of(brokers)
        .into_iter()
        .filter(|topic| topic.starts_with(&topics))
    {
        let output = committed(brokers, &topic, &["-J"]);
        for line in output.lines() {
            let record: Value = serde_json::from_str(line).expect("kcat -J must print JSON");
            let headers = record["headers"].as_array().cloned().unwrap_or_default();
            // kcat prints headers as a flat list: name, value, name, value.
            let control_id = headers
                .chunks(2)
                .find(|pair| pair[0] == "control-id")
                .and_then(|pair| pair.get(1)?.as_str())
                .unwrap_or_default();
            records.push(Record::read(
                control_id,
                record["payload"].as_str().unwrap_or_default(),
            ));
        }
    }
    records
}

/// Follows a topic from its beginning until it has a committed record of each of these messages. For a topic to which more is
/// written: kcat may never find itself at the end of one.
///
/// # Panics
/// When `limit` has passed, naming the messages that are missing.
pub fn await_kafka(brokers: &str, topic: &str, control_ids: &[String], limit: Duration) {
    let mut kcat = Command::new("kcat")
        .args([
            "-b",
            brokers,
            "-C",
            "-t",
            topic,
            "-o",
            "beginning",
            "-q",
            "-u",
        ])
        .args(["-X", "isolation.level=read_committed", "-f", "%h\n"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("kcat is missing; run `cargo xtask setup`");
    let lines = BufReader::new(kcat.stdout.take().expect("its standard output")).lines();
    let (say, heard) = mpsc::channel();
    // Ends with kcat.
    let reading = thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if say.send(line).is_err() {
                return;
            }
        }
    });
    let deadline = Instant::now() + limit;
    let mut missing: BTreeSet<&str> = control_ids.iter().map(String::as_str).collect();
    while !missing.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        let Ok(line) = heard.recv_timeout(left) else {
            break;
        };
        // name=value,name=value
        let mut headers = line.split(',');
        if let Some(id) = headers.find_map(|header| header.strip_prefix("control-id=")) {
            missing.remove(id);
        }
    }
    kcat.kill().expect("SIGKILL");
    kcat.wait().expect("kcat to be reaped");
    reading.join().expect("the end of what kcat says");
    assert!(
        missing.is_empty(),
        "{topic} has nothing of {missing:?} within {limit:?}"
    );
}

/// The committed audit events of a pipeline, those of each partition in their order.
///
/// # Panics
/// As [`kafka`].
pub fn kafka_audit(brokers: &str, prefix: &str) -> Vec<String> {
    let output = committed(brokers, &format!("{prefix}.audit"), &[]);
    output.lines().map(str::to_owned).collect()
}

/// All that is committed in a topic, as kcat prints it with those options.
fn committed(brokers: &str, topic: &str, options: &[&str]) -> String {
    let whole = ["-b", brokers, "-C", "-t", topic, "-o", "beginning", "-e"];
    let committed = ["-q", "-X", "isolation.level=read_committed"];
    kcat(&[&whole[..], &committed, options].concat())
}

fn topics_of(brokers: &str) -> Vec<String> {
    let metadata: Value = serde_json::from_str(&kcat(&["-b", brokers, "-L", "-J"]))
        .expect("kcat -L -J must print JSON");
    let topics = metadata["topics"].as_array().cloned().unwrap_or_default();
    topics
        .iter()
        .filter_map(|topic| topic["topic"].as_str().map(str::to_owned))
        .collect()
}

fn kcat(arguments: &[&str]) -> String {
    let output = Command::new("kcat")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("kcat is missing; run `cargo xtask setup`");
    assert!(
        output.status.success(),
        "kcat failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("kcat must print UTF-8")
}
