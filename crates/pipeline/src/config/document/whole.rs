//! The document, and all of it but the listeners.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::checked::{Layout, LogFormat};
use super::super::kafka::SaslMechanism;
use super::listener::ListenerDocument;

/// The configuration of `kiln serve`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Document {
    /// Name of the pipeline: the prefix of its topics (`<name>.hl7v2`, `<name>.fhir.Patient`) and consumer group.
    /// Letters, digits, `-` and `_`. Default `kiln`.
    pub name: Option<String>,
    /// Name of this instance among those that share the pipeline; default the host's name. Two instances of one
    /// pipeline must not have the same.
    pub instance: Option<String>,
    /// What this process does: `listen`, `transform` or both (the default).
    pub roles: Option<Vec<Role>>,
    /// Where messages and outputs are kept. Default: embedded, in `./kiln-data`.
    pub store: Option<StoreDocument>,
    /// The MLLP listeners. Default: one, named `mllp`, on 127.0.0.1:2575.
    pub listeners: Option<Vec<ListenerDocument>>,
    /// The shape of the output.
    pub output: Option<OutputDocument>,
    /// The HTTP address for health, metrics and the console.
    pub http: Option<HttpDocument>,
    /// The site's offset from UTC (`+01:00`), used where neither a value nor MSH-7 states one. Default `+00:00`.
    pub time_zone: Option<String>,
    /// The maps from HL7v2 to FHIR.
    pub mapping: Option<MappingDocument>,
    /// Bounds of batches, windows and waiting.
    pub limits: Option<LimitsDocument>,
    /// Where traces go.
    pub traces: Option<TracesDocument>,
    /// What the log looks like.
    pub logs: Option<LogsDocument>,
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Accept messages, keep them, acknowledge.
    Listen,
    /// Turn kept messages into FHIR.
    Transform,
}

/// Where messages and outputs are kept: at most one of `embedded` and `kafka`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StoreDocument {
    /// One directory of this machine, for one process.
    pub embedded: Option<EmbeddedDocument>,
    /// Kafka, for any number of instances.
    pub kafka: Option<KafkaDocument>,
    /// Encryption of the raw log and the dead letters, in either store. Without it they are kept as received.
    pub encryption: Option<EncryptionDocument>,
}

/// Encryption of the raw log and the dead letters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EncryptionDocument {
    /// A file with the keys, one a line, each of 32 bytes in hexadecimal or base64. The first encrypts, all decrypt; it is read
    /// again when it changes. All instances, and the commands that show or retry messages, need the same keys.
    pub key_file: Option<PathBuf>,
}

/// The embedded store.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EmbeddedDocument {
    /// The directory; made when it is missing. Default `./kiln-data`.
    pub directory: Option<PathBuf>,
    /// How many raw messages stay in the log after they were transformed, for replay. What was not transformed always
    /// stays. Default 100000; at least `limits.dedupeMessages`.
    pub retain_messages: Option<u64>,
}

/// Kafka.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KafkaDocument {
    /// Bootstrap servers, each `host:port`.
    pub brokers: Vec<String>,
    /// TLS to the brokers. An empty group (`tls: {}`) uses the system's certificate authorities.
    pub tls: Option<TlsDocument>,
    /// SASL authentication.
    pub sasl: Option<SaslDocument>,
    /// Further librdkafka client properties, passed through. Those that delivery rests on cannot be set.
    pub properties: BTreeMap<String, String>,
    /// How topics come to be.
    pub topics: Option<TopicsDocument>,
}

/// TLS files, in PEM. They are read again when Kafka refuses a connection.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TlsDocument {
    /// Certificate authorities that the brokers' certificates are checked against.
    pub ca: Option<PathBuf>,
    /// This client's certificate.
    pub cert: Option<PathBuf>,
    /// This client's private key.
    pub key: Option<PathBuf>,
}

/// SASL: the password comes from a file or an environment variable, never from this file. Files are read again when Kafka
/// refuses what they held, so that credentials can be renewed while messages flow.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SaslDocument {
    /// The mechanism.
    pub mechanism: Option<SaslMechanism>,
    /// The user's name.
    pub username: Option<String>,
    /// A file that holds the user's name, instead of `username`; a final line end is not part of it.
    pub username_file: Option<PathBuf>,
    /// A file that holds the password; a final line end is not part of it.
    pub password_file: Option<PathBuf>,
    /// The environment variable that holds the password.
    pub password_env: Option<String>,
}

/// How topics come to be.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TopicsDocument {
    /// Create topics that are missing. Default false.
    pub create: Option<bool>,
    /// Partitions of a created topic. Feeds are spread over them; a feed stays in one. Default 6.
    #[schemars(range(min = 1, max = 10000))]
    pub partitions: Option<u32>,
    /// Replication factor of a created topic. Default 3.
    #[schemars(range(min = 1, max = 32))]
    pub replication: Option<u32>,
}

/// The shape of the output.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OutputDocument {
    /// `resources` (default): one record a resource, one topic or file a type. `bundles`: one transaction Bundle a
    /// message.
    pub layout: Option<Layout>,
}

/// The maps from HL7v2 to FHIR.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct MappingDocument {
    /// The profile of FHIR R4 that resources aim at: `r4` (default), R4 itself, or `us-core`, US Core 6.1.0.
    pub profile: Option<String>,
    /// A directory of YAML files over the maps that Kiln has: rows, Z-segments, codes, identifier systems, filters, time
    /// zone. A change is loaded while messages flow, all or nothing. `kiln mapping new-overlay` makes one to start from.
    pub overlay: Option<PathBuf>,
}

/// Health, metrics and the console over HTTP.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct HttpDocument {
    /// Address of `/livez`, `/readyz`, `/metrics` and the console. Default 127.0.0.1:8090.
    pub address: Option<String>,
    /// A file with the token that opens the console, of at least 20 characters; it is read again at each request. Without
    /// it the console is open on a loopback address, and closed on any other.
    pub token_file: Option<PathBuf>,
    /// People who are known by an OpenID Connect issuer, beside or instead of the token.
    pub oidc: Option<OidcDocument>,
}

/// Whom an OpenID Connect issuer lets see the console: by a login in the browser (authorization code with PKCE), or by a bearer
/// token with each request, as proxies and programs show one. The audit stream has their name and subject.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OidcDocument {
    /// The issuer, such as `https://login.example.org/realms/hospital`.
    pub issuer: Option<String>,
    /// The id of the console at the issuer. Tokens must be for it (`aud`).
    pub client_id: Option<String>,
    /// A file with the client's secret; a final line end is not part of it. It is read at each login. Without it the console is a public
    /// client.
    pub client_secret_file: Option<PathBuf>,
    /// Where browsers reach the console, such as `https://kiln.example.org`. The issuer must allow `/login/oidc/back` below it as a
    /// place to come back to.
    pub external_url: Option<String>,
    /// What is asked for at a login. Default `openid` and `profile`.
    pub scopes: Option<Vec<String>>,
    /// The claim of a token that says who may see the console, such as `groups`.
    pub claim: Option<String>,
    /// What it must be, or have in its list.
    pub value: Option<String>,
    /// A file with the authorities of the issuer's certificate, in PEM. Default: the system's.
    pub ca: Option<PathBuf>,
}

/// Where traces go. Without an endpoint there are none.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TracesDocument {
    /// A collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`; in the clear, so one that is near.
    pub endpoint: Option<String>,
    /// How many of 1000 messages have a trace that is exported. Default 10.
    #[schemars(range(max = 1000))]
    pub sampled_per_thousand: Option<u16>,
}

/// What the log looks like.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LogsDocument {
    /// `json`, a JSON object a line, or `text`, for people. Default: text on a terminal, else JSON.
    pub format: Option<LogFormat>,
}

/// Bounds of batches, windows and waiting.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LimitsDocument {
    /// Most messages in one transaction. Default 200.
    #[schemars(range(min = 1, max = 100_000))]
    pub batch_messages: Option<u64>,
    /// Most raw bytes in one transaction. Default 8388608 (8 MiB). One larger message is a batch of its own.
    #[schemars(range(min = 1))]
    pub batch_bytes: Option<u64>,
    /// Longest wait for a batch to fill, in milliseconds. Default 20.
    #[schemars(range(max = 10_000))]
    pub batch_wait_milliseconds: Option<u64>,
    /// How many messages of a partition back a resend is recognised; each costs some 100 bytes. Default 50000. The raw
    /// topic's retention must keep as many.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub dedupe_messages: Option<u64>,
    /// How long after its first copy was received a resend is recognised, within `dedupeMessages`. Default 604800 (7
    /// days).
    #[schemars(range(min = 1))]
    pub dedupe_seconds: Option<u64>,
    /// Most messages of all listeners that wait for the store at once. Default 16384.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_in_flight: Option<u64>,
    /// The same in bytes. Default 268435456 (256 MiB); at least the longest `maxFrameBytes`.
    #[schemars(range(min = 1024))]
    pub max_in_flight_bytes: Option<u64>,
    /// Most bytes of messages that have begun and not ended, over all connections, beyond the 16 KiB that each may have.
    /// Default 268435456 (256 MiB); at least the longest `maxFrameBytes`.
    #[schemars(range(min = 1024))]
    pub max_receiving_bytes: Option<u64>,
    /// How long a connection that is asked to leave (at a stop, `POST /drain`, `POST /shed`) may take until it is between
    /// messages; then it is closed once what is in hand is answered. Default 5.
    #[schemars(range(min = 1))]
    pub drain_seconds: Option<u64>,
    /// Longest time from the request to stop until the process leaves. Default 25.
    #[schemars(range(min = 1))]
    pub shutdown_seconds: Option<u64>,
}

/// The JSON Schema of the configuration file (draft 2020-12).
pub fn schema() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<Document>()
        .to_value()
}
