//! A `kiln serve` that is watched: its log at its most verbose, its traces, and all that it keeps.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kiln_tests::collector;
use rcgen::{CertificateParams, KeyPair};

use crate::marked::{Shown, holds_mark};
use crate::support::http::get;
use crate::support::{kiln, text};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Where messages are kept.
pub(crate) enum Home {
    /// In this directory.
    Embedded(PathBuf),
    /// On the broker, under this pipeline's name.
    #[cfg_attr(
        not(feature = "kafka-tests"),
        expect(dead_code, reason = "there is no broker without the feature")
    )]
    Kafka { broker: String, name: String },
}

/// What a collector of traces was sent; it reads nothing of it.
fn spans() -> (SocketAddr, Arc<Mutex<Vec<u8>>>) {
    let sent = Arc::<Mutex<Vec<u8>>>::default();
    let all = Arc::clone(&sent);
    let address = collector(move |body| all.lock().unwrap().extend(body));
    (address, sent)
}

/// A `kiln serve` with a listener for each path, whose standard error is a file.
pub(crate) struct Watched {
    child: Child,
    log: PathBuf,
    config: PathBuf,
    home: Home,
    pub(crate) overlay: PathBuf,
    pub(crate) addresses: Vec<String>,
    pub(crate) http: String,
    pub(crate) spans: Arc<Mutex<Vec<u8>>>,
}

/// The listeners, in the order of [`Watched::addresses`].
pub(crate) const PLAIN: usize = 0;
pub(crate) const SHORT: usize = 1;
pub(crate) const MAPPED: usize = 2;
pub(crate) const NUMBERED: usize = 3;
pub(crate) const SECURE: usize = 4;

impl Watched {
    pub(crate) fn start(root: &Path, format: &str, home: Home) -> Watched {
        let (collector, spans) = spans();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let (cert, private) = (root.join("kiln.crt"), root.join("kiln.key"));
        fs::write(&cert, certificate.pem()).unwrap();
        fs::write(&private, key.serialize_pem()).unwrap();
        let overlay = root.join("overlay");
        fs::create_dir(&overlay).unwrap();
        let store = home.settings();
        let yaml = format!(
            "{store}mapping: {{ overlay: {} }}\nhttp: {{ address: 127.0.0.1:0 }}\n\
             logs: {{ format: {format} }}\ntraces: {{ endpoint: \"http://{collector}\", sampledPerThousand: 1000 }}\nlisteners:\n  \
             - {{ name: plain, address: 127.0.0.1:0 }}\n  \
             - {{ name: short, address: 127.0.0.1:0, maxFrameBytes: 1024, frameTimeoutSeconds: 1 }}\n  \
             - {{ name: mapped, address: 127.0.0.1:0, ackWhen: mapped }}\n  \
             - {{ name: numbered, address: 127.0.0.1:0, feed: numbered, sequenceNumbers: true }}\n  \
             - {{ name: secure, address: 127.0.0.1:0, tls: {{ cert: {}, key: {}, clientCa: {} }} }}\n",
            overlay.display(),
            cert.display(),
            private.display(),
            cert.display(),
        );
        let config = root.join("kiln.yaml");
        fs::write(&config, yaml).unwrap();
        let log = root.join("log");
        let child = kiln()
            .args(["serve", "--config"])
            .arg(&config)
            .env("RUST_LOG", "trace")
            .stderr(File::create(&log).unwrap())
            .stdout(File::create(root.join("out")).unwrap())
            .spawn()
            .unwrap();
        let mut watched = Watched {
            child,
            log,
            config,
            home,
            overlay,
            addresses: Vec::new(),
            http: String::new(),
            spans,
        };
        watched.until("it listens", |log| {
            log.contains("kiln: health and metrics on ")
        });
        let log = watched.read_log();
        let after = |line: &str, start: &str| {
            let rest = line.strip_prefix(start)?;
            Some(rest.split(' ').next().unwrap().to_owned())
        };
        watched.addresses = log
            .lines()
            .filter_map(|line| after(line, "kiln: listening on "))
            .collect();
        watched.http = log
            .lines()
            .find_map(|line| after(line, "kiln: health and metrics on http://"))
            .unwrap();
        watched
    }

    fn read_log(&self) -> String {
        text(&fs::read(&self.log).unwrap())
    }

    fn until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !holds(&self.read_log()) {
            assert!(Instant::now() < until, "{what}, in time");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Looks at a page until it holds.
    pub(crate) fn page_until(&self, path: &str, holds: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let page = get(&self.http, path).body;
            if holds(&page) {
                return page;
            }
            assert!(Instant::now() < until, "{path} in time: {page}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A command on the same store, at its most verbose.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = kiln();
        command.args(arguments).env("RUST_LOG", "trace");
        match &self.home {
            Home::Embedded(directory) => command.arg("--dir").arg(directory),
            Home::Kafka { .. } => command.arg("--config").arg(&self.config),
        };
        command
    }

    /// Ends it; its log, and where it kept what it was sent.
    pub(crate) fn terminate(mut self) -> (Vec<u8>, Home) {
        let pid = self.child.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(killed.unwrap().success());
        assert!(self.child.wait().unwrap().success());
        let none = Home::Embedded(PathBuf::new());
        (
            fs::read(&self.log).unwrap(),
            std::mem::replace(&mut self.home, none),
        )
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Home {
    fn settings(&self) -> String {
        match self {
            Home::Embedded(directory) => {
                format!(
                    "store:\n  embedded: {{ directory: {} }}\n",
                    directory.display()
                )
            }
            Home::Kafka { broker, name } => format!(
                "name: {name}\nstore:\n  kafka:\n    brokers: [\"{broker}\"]\n    topics: {{ create: true, partitions: 2, replication: 1 }}\n"
            ),
        }
    }

    /// Takes what is kept beside messages and resources. Where these belong they are found by the same search.
    pub(crate) fn search(&self, shown: &mut Shown) {
        match self {
            Home::Embedded(directory) => {
                for file in [
                    "audit.ndjson",
                    "headers/audit.ndjson",
                    "headers/dead.ndjson",
                    "disclosures/AuditEvent.ndjson",
                    "committed.json",
                    "audit-head.json",
                ] {
                    shown.take(file, fs::read(directory.join(file)).unwrap());
                }
                for file in ["fhir/Patient.ndjson", "dead.ndjson", "raw.redb"] {
                    let data = fs::read(directory.join(file)).unwrap();
                    assert!(holds_mark(&data), "{file} holds what was sent");
                }
            }
            Home::Kafka { broker, name } => {
                let topic = |suffix: &str, format: &str| {
                    let output = Command::new("kcat")
                        .args(["-C", "-e", "-q", "-o", "beginning"])
                        .args(["-X", "isolation.level=read_committed"])
                        .args([
                            "-b",
                            broker,
                            "-t",
                            &format!("{name}.{suffix}"),
                            "-f",
                            format,
                        ])
                        .output()
                        .unwrap();
                    assert!(output.status.success(), "{}", text(&output.stderr));
                    assert!(!output.stdout.is_empty(), "{suffix} has records");
                    output.stdout
                };
                shown.take("audit", topic("audit", "%k %h %s\n"));
                for suffix in ["hl7v2", "dead"] {
                    shown.take(suffix, topic(suffix, "%k %h\n"));
                }
                for suffix in ["fhir.Patient", "hl7v2", "dead"] {
                    let data = topic(suffix, "%s\n");
                    assert!(holds_mark(&data), "{suffix} holds what was sent");
                }
            }
        }
    }
}
