//! The configuration, checked: the only way to have one is that it is right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_fhir::UtcOffset;
use schemars::JsonSchema;
use serde::Deserialize;

use super::conform::Conformance;
use super::document::{Document, KafkaDocument, ListenerDocument, Role, schema};
use super::environment;
use super::kafka::{KafkaConfig, RESERVED_PROPERTIES, SaslConfig, TlsConfig, TopicsConfig};
use super::listener::{DEFAULT_ADDRESS, ListenerConfig};
use super::node::{Kind, Node, Place};
use super::problem::{ConfigErrors, Problem};
use super::secret::Secret;

const DEFAULT_HTTP: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8090);

/// The configuration of one instance of a pipeline.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the pipeline: prefix of its topics and its consumer group.
    pub name: String,
    /// Name of this instance among those of the pipeline.
    pub instance: String,
    /// What this process does.
    pub roles: Roles,
    /// Where messages and outputs are kept.
    pub store: StoreConfig,
    /// The listeners; at least one with the `listen` role.
    pub listeners: Vec<ListenerConfig>,
    /// The shape of the output.
    pub layout: Layout,
    /// Health and metrics; none: not served.
    pub http: Option<SocketAddr>,
    /// The site's offset from UTC, in minutes.
    pub offset_minutes: i16,
    /// The directory of the site's overlay over the maps.
    pub overlay: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Accept, keep, acknowledge.
    pub listen: bool,
    /// Turn kept messages into FHIR.
    pub transform: bool,
}

/// Where messages and outputs are kept.
#[derive(Clone, Debug)]
pub enum StoreConfig {
    /// One directory, one process.
    Embedded(EmbeddedConfig),
    /// Kafka, many instances.
    Kafka(KafkaConfig),
}

/// The embedded store's settings.
#[derive(Clone, Debug)]
pub struct EmbeddedConfig {
    /// Its directory.
    pub directory: PathBuf,
    /// Raw messages kept after they were transformed.
    pub retain_messages: u64,
}

impl EmbeddedConfig {
    /// How many transformed messages stay in the raw log by default.
    pub const DEFAULT_RETAIN_MESSAGES: u64 = 100_000;
}

/// The shape of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Layout {
    /// One record a resource, by type.
    #[default]
    Resources,
    /// One transaction Bundle a message.
    Bundles,
}

/// Bounds of batches, windows and waiting.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most messages in one transaction.
    pub batch_messages: usize,
    /// Most raw bytes in one transaction, unless one message alone is larger.
    pub batch_bytes: usize,
    /// Longest wait for a batch to fill.
    pub batch_wait: Duration,
    /// How many messages of a partition back a resend is recognised.
    pub dedupe_messages: usize,
    /// How long after its first copy was received a resend is recognised.
    pub dedupe_time: Duration,
    /// Most messages waiting for the store.
    pub max_in_flight: usize,
    /// Most bytes of messages waiting for the store.
    pub max_in_flight_bytes: usize,
    /// Most bytes of messages that have not ended, beyond one read of each connection.
    pub max_receiving_bytes: usize,
    /// How long a connection that is asked to leave may take until it is between messages.
    pub drain: Duration,
    /// Longest time from the request to stop until the process leaves.
    pub shutdown: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            batch_messages: 500,
            batch_bytes: 8 * 1024 * 1024,
            batch_wait: Duration::from_millis(20),
            dedupe_messages: 50_000,
            dedupe_time: Duration::from_secs(7 * 24 * 60 * 60),
            max_in_flight: 16_384,
            max_in_flight_bytes: 256 * 1024 * 1024,
            max_receiving_bytes: 256 * 1024 * 1024,
            drain: Duration::from_secs(5),
            shutdown: Duration::from_secs(25),
        }
    }
}

impl Config {
    /// The commented example, which is valid.
    pub fn example() -> &'static str {
        include_str!("example.yaml")
    }

    /// Both roles on the embedded store in `directory`, one listener on 127.0.0.1:2575, HTTP on 127.0.0.1:8090.
    pub fn embedded(directory: impl Into<PathBuf>) -> Config {
        Config {
            name: "kiln".to_owned(),
            instance: "local".to_owned(),
            roles: Roles {
                listen: true,
                transform: true,
            },
            store: StoreConfig::Embedded(EmbeddedConfig {
                directory: directory.into(),
                retain_messages: EmbeddedConfig::DEFAULT_RETAIN_MESSAGES,
            }),
            listeners: vec![ListenerConfig::default()],
            layout: Layout::Resources,
            http: Some(DEFAULT_HTTP),
            offset_minutes: 0,
            overlay: None,
            limits: Limits::default(),
        }
    }

    /// The same with the first listener at `address`; port 0 is any free one.
    #[must_use]
    pub fn listening_on(mut self, address: SocketAddr) -> Config {
        if let Some(listener) = self.listeners.first_mut() {
            listener.address = address;
        }
        self
    }

    /// The same with health and metrics at `address`, or without.
    #[must_use]
    pub fn http_on(mut self, address: Option<SocketAddr>) -> Config {
        self.http = address;
        self
    }

    /// The site's offset from UTC.
    pub fn time_zone(&self) -> UtcOffset {
        UtcOffset::from_minutes(self.offset_minutes).unwrap_or(UtcOffset::UTC)
    }

    /// The name of the pipeline.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where messages and outputs are kept.
    pub fn store(&self) -> &StoreConfig {
        &self.store
    }

    /// Reads a file and the environment.
    pub fn load(path: &Path) -> Result<Config, ConfigErrors> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            ConfigErrors::new(vec![Problem {
                file: file.clone(),
                line: 0,
                column: 0,
                path: String::new(),
                what: format!("cannot be read ({error}); give the path of a YAML file"),
            }])
        })?;
        Config::parse(&text, &file, &|name| std::env::var(name).ok())
    }

    /// Checks `text` (named `file` in messages) and the environment's variables; every mistake is in the error.
    pub fn parse(
        text: &str,
        file: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Config, ConfigErrors> {
        let empty = Node {
            place: Place::default(),
            kind: Kind::Map(Vec::new()),
        };
        let node = match serde_saphyr::from_str::<Node>(text) {
            Ok(node) if matches!(node.kind, Kind::Null) => empty,
            Ok(node) => node,
            Err(error) => {
                let place = error.location().map(Place::from).unwrap_or_default();
                return Err(ConfigErrors::new(vec![Problem {
                    file: file.to_owned(),
                    line: place.line,
                    column: place.column,
                    path: String::new(),
                    what: format!("not valid YAML: {}", error.without_snippet()),
                }]));
            }
        };
        let mut conformance = Conformance::new(file);
        conformance.check(&node, &schema(), "");
        let mut check = Check {
            file,
            node: &node,
            variable,
            problems: conformance.into_problems(),
        };
        if !check.problems.is_empty() {
            return Err(ConfigErrors::new(check.problems));
        }
        let mut document: Document = match serde_json::from_value(node.to_json()) {
            Ok(document) => document,
            Err(error) => {
                check.report("", error.to_string());
                return Err(ConfigErrors::new(check.problems));
            }
        };
        environment::apply(&mut document, variable, &mut check.problems);
        let config = check.config(&document);
        match config {
            Some(config) if check.problems.is_empty() => Ok(config),
            _ => Err(ConfigErrors::new(check.problems)),
        }
    }
}

/// A count as `usize`; more than the machine can address is as good as its most.
pub(super) fn saturated(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// The checks that a schema cannot state.
struct Check<'a> {
    file: &'a str,
    node: &'a Node,
    variable: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, path: &str, what: String) {
        let place = self.node.nearest(path).place;
        self.problems.push(Problem {
            file: self.file.to_owned(),
            line: place.line,
            column: place.column,
            path: path.to_owned(),
            what,
        });
    }

    fn config(&mut self, document: &Document) -> Option<Config> {
        let name = document.name.clone().unwrap_or_else(|| "kiln".to_owned());
        let lawful = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || !name.chars().all(lawful) {
            self.report(
                "name",
                "use letters, digits, `-` and `_`, at least one".to_owned(),
            );
        }
        let roles = document
            .roles
            .clone()
            .unwrap_or_else(|| vec![Role::Listen, Role::Transform]);
        if roles.is_empty() {
            self.report("roles", "name at least one of listen, transform".to_owned());
        }
        let limits = Self::limits(document);
        let store = self.store(document, &limits);
        let listeners = self.listeners(document);
        self.room(&limits, &listeners);
        let http = self.address(
            "http.address",
            document
                .http
                .as_ref()
                .and_then(|http| http.address.as_deref()),
            DEFAULT_HTTP,
        );
        let offset_minutes = self.offset(document.time_zone.as_deref().unwrap_or("+00:00"));
        Some(Config {
            name,
            instance: document.instance.clone().unwrap_or_else(host_name),
            roles: Roles {
                listen: roles.contains(&Role::Listen),
                transform: roles.contains(&Role::Transform),
            },
            store: store?,
            listeners,
            layout: document
                .output
                .as_ref()
                .and_then(|output| output.layout)
                .unwrap_or_default(),
            http: Some(http),
            offset_minutes,
            overlay: document
                .mapping
                .as_ref()
                .and_then(|mapping| mapping.overlay.clone()),
            limits,
        })
    }

    fn limits(document: &Document) -> Limits {
        let given = document.limits.clone().unwrap_or_default();
        let default = Limits::default();
        Limits {
            batch_messages: given
                .batch_messages
                .map_or(default.batch_messages, saturated),
            batch_bytes: given.batch_bytes.map_or(default.batch_bytes, saturated),
            batch_wait: given
                .batch_wait_milliseconds
                .map_or(default.batch_wait, Duration::from_millis),
            dedupe_messages: given
                .dedupe_messages
                .map_or(default.dedupe_messages, saturated),
            dedupe_time: given
                .dedupe_seconds
                .map_or(default.dedupe_time, Duration::from_secs),
            max_in_flight: given.max_in_flight.map_or(default.max_in_flight, saturated),
            max_in_flight_bytes: given
                .max_in_flight_bytes
                .map_or(default.max_in_flight_bytes, saturated),
            max_receiving_bytes: given
                .max_receiving_bytes
                .map_or(default.max_receiving_bytes, saturated),
            drain: given
                .drain_seconds
                .map_or(default.drain, Duration::from_secs),
            shutdown: given
                .shutdown_seconds
                .map_or(default.shutdown, Duration::from_secs),
        }
    }

    fn listeners(&mut self, document: &Document) -> Vec<ListenerConfig> {
        let documents = document
            .listeners
            .clone()
            .unwrap_or_else(|| vec![ListenerDocument::default()]);
        if documents.is_empty() {
            self.report(
                "listeners",
                "name at least one listener, or leave the setting out".to_owned(),
            );
        }
        let mut listeners: Vec<ListenerConfig> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let path = format!("listeners[{at}]");
            let address = self.address(
                &format!("{path}.address"),
                document.address.as_deref(),
                DEFAULT_ADDRESS,
            );
            let listener = ListenerConfig::from_document(document, address);
            if listeners.iter().any(|other| other.name == listener.name) {
                self.report(
                    &format!("{path}.name"),
                    format!(
                        "`{}` is taken by another listener; give each a name",
                        listener.name
                    ),
                );
            }
            if address.port() != 0 && listeners.iter().any(|other| other.address == address) {
                self.report(
                    &format!("{path}.address"),
                    format!("{address} is taken by another listener; give each an address"),
                );
            }
            if listener.feed.as_deref() == Some("") {
                self.report(
                    &format!("{path}.feed"),
                    "give the feed a name or leave it out".to_owned(),
                );
            }
            listeners.push(listener);
        }
        listeners
    }

    /// A message that is not too long must find room.
    fn room(&mut self, limits: &Limits, listeners: &[ListenerConfig]) {
        let mut longest = 0;
        for (at, listener) in listeners.iter().enumerate() {
            longest = longest.max(listener.max_frame_bytes);
            if listener.max_total_in_flight_bytes < listener.max_frame_bytes {
                self.report(
                    &format!("listeners[{at}].maxTotalInFlightBytes"),
                    format!(
                        "at least maxFrameBytes ({}), or the longest message never finds room",
                        listener.max_frame_bytes
                    ),
                );
            }
        }
        for (name, bytes) in [
            ("maxInFlightBytes", limits.max_in_flight_bytes),
            ("maxReceivingBytes", limits.max_receiving_bytes),
        ] {
            if bytes < longest {
                self.report(
                    &format!("limits.{name}"),
                    format!(
                        "at least the longest maxFrameBytes ({longest}), or such a message never finds room"
                    ),
                );
            }
        }
    }

    fn store(&mut self, document: &Document, limits: &Limits) -> Option<StoreConfig> {
        let given = document.store.clone().unwrap_or_default();
        match (&given.embedded, &given.kafka) {
            (Some(_), Some(_)) => {
                self.report("store", "choose one of embedded and kafka".to_owned());
                None
            }
            (_, Some(kafka)) => self.kafka(kafka).map(StoreConfig::Kafka),
            (embedded, None) => {
                let embedded = embedded.clone().unwrap_or_default();
                let retain_messages = embedded
                    .retain_messages
                    .unwrap_or(EmbeddedConfig::DEFAULT_RETAIN_MESSAGES);
                if retain_messages < limits.dedupe_messages as u64 {
                    self.report(
                        "store.embedded.retainMessages",
                        format!(
                            "at least limits.dedupeMessages ({}), or a resend is not recognised after a restart",
                            limits.dedupe_messages
                        ),
                    );
                }
                Some(StoreConfig::Embedded(EmbeddedConfig {
                    directory: embedded
                        .directory
                        .unwrap_or_else(|| PathBuf::from("kiln-data")),
                    retain_messages,
                }))
            }
        }
    }

    fn kafka(&mut self, given: &KafkaDocument) -> Option<KafkaConfig> {
        if given.brokers.is_empty() {
            self.report(
                "store.kafka.brokers",
                "name at least one broker, `host:port`".to_owned(),
            );
        }
        for (at, broker) in given.brokers.iter().enumerate() {
            let port = broker
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none() {
                self.report(
                    &format!("store.kafka.brokers[{at}]"),
                    "not `host:port`, for example kafka-1.example.org:9092".to_owned(),
                );
            }
        }
        for name in given.properties.keys() {
            if RESERVED_PROPERTIES.contains(&name.as_str()) {
                self.report(
                    &format!("store.kafka.properties.{name}"),
                    "cannot be passed through: delivery rests on it, or it has a setting of its own".to_owned(),
                );
            }
        }
        let tls = given.tls.as_ref().map(|tls| {
            let identity = match (&tls.cert, &tls.key) {
                (Some(cert), Some(key)) => Some((cert.clone(), key.clone())),
                (None, None) => None,
                _ => {
                    self.report(
                        "store.kafka.tls",
                        "cert and key belong together; give both".to_owned(),
                    );
                    None
                }
            };
            TlsConfig {
                ca: tls.ca.clone(),
                identity,
            }
        });
        let sasl = match &given.sasl {
            None => None,
            Some(sasl) => {
                if sasl.mechanism.is_none() {
                    self.report(
                        "store.kafka.sasl",
                        "mechanism is missing; valid are PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"
                            .to_owned(),
                    );
                }
                if sasl.username.is_none() {
                    self.report("store.kafka.sasl", "username is missing".to_owned());
                }
                let password =
                    self.password(sasl.password_file.as_deref(), sasl.password_env.as_deref());
                Some(SaslConfig {
                    mechanism: sasl.mechanism?,
                    username: sasl.username.clone()?,
                    password: password?,
                })
            }
        };
        let topics = given.topics.clone().unwrap_or_default();
        let default = TopicsConfig::default();
        let small = |value: Option<u32>, default| {
            value.map_or(default, |value| i32::try_from(value).unwrap_or(i32::MAX))
        };
        Some(KafkaConfig {
            brokers: given.brokers.clone(),
            tls,
            sasl,
            properties: given.properties.clone(),
            topics: TopicsConfig {
                create: topics.create.unwrap_or(default.create),
                partitions: small(topics.partitions, default.partitions),
                replication: small(topics.replication, default.replication),
            },
        })
    }

    fn password(&mut self, file: Option<&Path>, name: Option<&str>) -> Option<Secret> {
        match (file, name) {
            (Some(file), None) => match std::fs::read_to_string(file) {
                Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned())),
                Err(error) => {
                    self.report(
                        "store.kafka.sasl.passwordFile",
                        format!("cannot be read ({error})"),
                    );
                    None
                }
            },
            (None, Some(name)) => {
                let value = (self.variable)(name);
                if value.is_none() {
                    self.report(
                        "store.kafka.sasl.passwordEnv",
                        format!("set the variable {name}"),
                    );
                }
                value.map(Secret::new)
            }
            _ => {
                self.report(
                    "store.kafka.sasl",
                    "give one of passwordFile and passwordEnv".to_owned(),
                );
                None
            }
        }
    }

    fn address(&mut self, path: &str, given: Option<&str>, default: SocketAddr) -> SocketAddr {
        let Some(text) = given else { return default };
        text.parse().unwrap_or_else(|_| {
            self.report(
                path,
                "not an address and port, for example 0.0.0.0:2575 or [::]:2575".to_owned(),
            );
            default
        })
    }

    /// `Z` or `+hh:mm` within a day, in minutes.
    fn offset(&mut self, text: &str) -> i16 {
        let digits = text
            .strip_prefix(['+', '-'])
            .and_then(|rest| rest.split_once(':'));
        let minutes = digits.and_then(|(hours, minutes)| {
            let (hours, minutes) = (hours.parse::<i16>().ok()?, minutes.parse::<i16>().ok()?);
            (hours <= 14 && minutes < 60).then_some(hours * 60 + minutes)
        });
        match minutes {
            Some(minutes) if text.starts_with('-') => -minutes,
            Some(minutes) => minutes,
            None if text == "Z" => 0,
            None => {
                self.report(
                    "timeZone",
                    "not an offset from UTC, for example \"+01:00\"".to_owned(),
                );
                0
            }
        }
    }
}

/// The host's name, which in a container is the pod's.
fn host_name() -> String {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    from_kernel
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| std::env::var("HOSTNAME").unwrap_or_else(|_| "local".to_owned()))
}
