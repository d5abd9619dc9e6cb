//! Runs the real `kiln` binary.

#![allow(clippy::unwrap_used, dead_code)] // each test file uses its share

pub(crate) mod http;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The binary under test.
pub(crate) fn kiln() -> Command {
    Command::new(env!("CARGO_BIN_EXE_kiln"))
}

pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/messages")
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    fixtures().join(name)
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What a command on the directory of a store prints, on both its outputs, and its exit code.
pub(crate) fn on_store(
    command: &str,
    directory: &Path,
    arguments: &[&str],
) -> (String, Option<i32>) {
    let output = kiln()
        .arg(command)
        .args(arguments)
        .arg("--dir")
        .arg(directory)
        .output()
        .unwrap();
    let all = text(&output.stdout) + &text(&output.stderr);
    (all, output.status.code())
}

/// Waits for a condition.
pub(crate) fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}, in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs with that on standard input.
pub(crate) fn with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

pub(crate) fn json_lines(bytes: &[u8]) -> Vec<serde_json::Value> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// A running `kiln serve`.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
    /// Of health, metrics and the console.
    pub(crate) http: String,
    /// Of the embedded store.
    pub(crate) directory: PathBuf,
}

impl Served {
    pub(crate) fn start(root: &Path) -> Served {
        Served::with(root, "")
    }

    /// With further settings of its listener, each line indented by four.
    pub(crate) fn with(root: &Path, listener: &str) -> Served {
        Served::with_http(root, listener, "  address: 127.0.0.1:0\n")
    }

    /// With the keys in that file.
    pub(crate) fn encrypted(root: &Path, keys: &Path) -> Served {
        let store = format!("  encryption:\n    keyFile: {}\n", keys.display());
        Served::of(root, &store, "", "  address: 127.0.0.1:0\n")
    }

    /// On Kafka, as the pipeline of that name, on topics of its own.
    pub(crate) fn on_kafka(root: &Path, broker: &str, name: &str) -> Served {
        let store = format!(
            "name: {name}\nstore:\n  kafka:\n    brokers: [\"{broker}\"]\n    topics: {{ create: true, partitions: 2, replication: 1 }}\n"
        );
        Served::begin(root, &store, "", "  address: 127.0.0.1:0\n")
    }

    /// With those settings of `http`, each line indented by two.
    pub(crate) fn with_http(root: &Path, listener: &str, http: &str) -> Served {
        Served::of(root, "", listener, http)
    }

    fn of(root: &Path, store: &str, listener: &str, http: &str) -> Served {
        let directory = root.join("data");
        let store = format!(
            "store:\n  embedded:\n    directory: {}\n{store}",
            directory.display()
        );
        Served::begin(root, &store, listener, http)
    }

    fn begin(root: &Path, store: &str, listener: &str, http: &str) -> Served {
        let directory = root.join("data");
        let config = root.join("kiln.yaml");
        let yaml = format!(
            "{store}listeners:\n  - name: mllp\n    address: 127.0.0.1:0\n{listener}http:\n{http}"
        );
        std::fs::write(&config, yaml).unwrap();
        let mut child = kiln()
            .args(["serve", "--config"])
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut after = |start: &str| loop {
            let line = lines.next().expect("serve ended before it listened");
            if let Some(rest) = line.unwrap().strip_prefix(start) {
                break rest.split(' ').next().unwrap().to_owned();
            }
        };
        let address = after("kiln: listening on ");
        let http = after("kiln: health and metrics on http://");
        // Keeps the pipe from filling up.
        std::thread::spawn(move || lines.for_each(drop));
        Served {
            child,
            address,
            http,
            directory,
        }
    }

    /// SIGTERM, then its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
