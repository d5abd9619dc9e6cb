//! How a pipeline reaches its Kafka.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::NamedObject;

/// The connection to Kafka. Credentials are named, never written here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kafka {
    /// Bootstrap servers, each as `host:port`. At least one; name several, so that one that is down does not stop a start.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(max = 261), regex(pattern = r"^[^\s:/]+:[0-9]{1,5}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub brokers: Vec<String>,

    /// First part of every topic's name: `<prefix>.hl7v2`, `<prefix>.fhir.<ResourceType>`, `<prefix>.dead` and
    /// `<prefix>.audit`. The name of this resource when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 180), regex(pattern = r"^[a-zA-Z0-9._-]+$"))]
    pub topic_prefix: Option<String>,

    /// TLS to the brokers. Without it the connection is in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,

    /// How the pipeline proves who it is by user name and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,
}

/// TLS to the brokers. An empty object means TLS with the public certificate authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KafkaTls {
    /// Secret whose key `ca.crt` holds the authorities (PEM) that the brokers' certificates are checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<NamedObject>,

    /// Secret of type `kubernetes.io/tls` with the pipeline's own certificate and key, for brokers that ask for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<NamedObject>,
}

/// User name and password for the brokers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sasl {
    /// The mechanism the brokers ask for: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: SaslMechanism,

    /// Secret with the keys `username` and `password`.
    pub secret: NamedObject,
}

/// A SASL mechanism, as Kafka names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum SaslMechanism {
    /// User name and password as they are: only with TLS.
    #[serde(rename = "PLAIN")]
    Plain,
    /// RFC 7677.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// SCRAM over SHA-512.
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}
