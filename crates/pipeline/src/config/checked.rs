//! The configuration, checked: the only way to have one is that it is right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kiln_fhir::{Profile, UtcOffset};
use schemars::JsonSchema;
use serde::Deserialize;

use super::check::Check;
use super::conform::Conformance;
use super::document::{Document, schema};
use super::environment;
use super::kafka::KafkaConfig;
use super::listener::{Lane, ListenerConfig};
use super::node::{Kind, Node, Place};
use super::oidc::OidcConfig;
use super::problem::{ConfigErrors, Problem};

pub(super) const DEFAULT_HTTP: SocketAddr =
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
    /// The file with the keys by which messages are kept encrypted; none: they are kept as received.
    pub key_file: Option<PathBuf>,
    /// The listeners; at least one with the `listen` role.
    pub listeners: Vec<ListenerConfig>,
    /// The shape of the output.
    pub layout: Layout,
    /// Health, metrics and the console; none: not served.
    pub http: Option<SocketAddr>,
    /// The file with the token that opens the console.
    pub token_file: Option<PathBuf>,
    /// The issuer by which people are known to the console; none: nobody is.
    pub oidc: Option<OidcConfig>,
    /// The site's offset from UTC, in minutes.
    pub offset_minutes: i16,
    /// The profile that the maps aim at.
    pub profile: Profile,
    /// The directory of the site's overlay over the maps.
    pub overlay: Option<PathBuf>,
    /// Bounds.
    pub limits: Limits,
    /// Where traces go; none: there are none.
    pub traces: Option<TracesConfig>,
    /// What the log looks like; none: as suits where it goes.
    pub log_format: Option<LogFormat>,
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

impl StoreConfig {
    /// Name of a lane's raw log in the `source` header.
    pub fn log(&self, pipeline: &str, lane: Lane) -> String {
        match (self, lane) {
            (StoreConfig::Embedded(_), Lane::Interactive) => "raw".to_owned(),
            (StoreConfig::Embedded(_), Lane::Bulk) => "bulk".to_owned(),
            (StoreConfig::Kafka(_), Lane::Interactive) => format!("{pipeline}.hl7v2"),
            (StoreConfig::Kafka(_), Lane::Bulk) => format!("{pipeline}.bulk.hl7v2"),
        }
    }
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

/// Where traces go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracesConfig {
    /// A collector that takes OTLP over HTTP.
    pub endpoint: String,
    /// How many of 1000 messages have a trace that is exported.
    pub sampled_per_thousand: u16,
}

impl TracesConfig {
    /// One in a hundred.
    pub const DEFAULT_SAMPLED_PER_THOUSAND: u16 = 10;
}

/// What the log looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LogFormat {
    /// A JSON object a line.
    Json,
    /// For people.
    Text,
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
            batch_messages: 200,
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
            key_file: None,
            listeners: vec![ListenerConfig::default()],
            layout: Layout::Resources,
            http: Some(DEFAULT_HTTP),
            token_file: None,
            oidc: None,
            offset_minutes: 0,
            profile: Profile::default(),
            overlay: None,
            limits: Limits::default(),
            traces: None,
            log_format: None,
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

    /// The same with health, metrics and the console at `address`, or without.
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
