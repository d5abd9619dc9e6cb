//! Kafka's settings, checked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::secret::Given;

/// Client properties that delivery rests on, or that have a setting of their own: they cannot be passed through.
pub(super) const RESERVED_PROPERTIES: [&str; 18] = [
    "acks",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.idempotence",
    "group.id",
    "isolation.level",
    "auto.offset.reset",
    "metadata.broker.list",
    "request.required.acks",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "ssl.ca.location",
    "ssl.key.password",
    "transactional.id",
];

/// How to reach Kafka and what to expect there.
#[derive(Clone, Debug)]
pub struct KafkaConfig {
    /// Bootstrap servers, at least one.
    pub brokers: Vec<String>,
    /// TLS; none: plain text.
    pub tls: Option<TlsConfig>,
    /// SASL; none: no authentication by it.
    pub sasl: Option<SaslConfig>,
    /// Further librdkafka properties.
    pub properties: BTreeMap<String, String>,
    /// How topics come to be.
    pub topics: TopicsConfig,
}

/// TLS to the brokers; files in PEM.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// Certificate authorities; none: the system's.
    pub ca: Option<PathBuf>,
    /// This client's certificate and private key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// A SASL mechanism that needs no system library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum SaslMechanism {
    /// RFC 4616; only sensible within TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// RFC 7677.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// RFC 5802 with SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl SaslMechanism {
    /// The registered name.
    pub fn name(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// SASL with a password.
#[derive(Clone, Debug)]
pub struct SaslConfig {
    /// The mechanism.
    pub mechanism: SaslMechanism,
    /// The user's name.
    pub username: Given,
    /// The password.
    pub password: Given,
}

/// How topics come to be.
#[derive(Clone, Debug)]
pub struct TopicsConfig {
    /// Create what is missing.
    pub create: bool,
    /// Partitions of a created topic.
    pub partitions: i32,
    /// Replication factor of a created topic.
    pub replication: i32,
}

impl Default for TopicsConfig {
    fn default() -> TopicsConfig {
        TopicsConfig {
            create: false,
            partitions: 6,
            replication: 3,
        }
    }
}
