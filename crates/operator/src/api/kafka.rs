//! How a pipeline reaches its Kafka.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NamedObject;

/// The connection to Kafka. Credentials are named, never written here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.sasl) || self.sasl.mechanism != 'PLAIN' || has(self.tls)")
    .message("mechanism PLAIN sends the password as it is; add kafka.tls, or take SCRAM-SHA-512")
    .field_path(".sasl"))]
#[x_kube(validation = Rule::new("has(self.topicPrefix) == has(oldSelf.topicPrefix) && (!has(self.topicPrefix) || self.topicPrefix == oldSelf.topicPrefix)")
    .message("topicPrefix cannot be changed: messages that were acknowledged would be left behind in the old topics; make a new pipeline and delete this one when it has transformed all it took")
    .field_path(".topicPrefix"))]
pub struct Kafka {
    /// Bootstrap servers, each as `host:port`. At least one; name several, so that one that is down does not stop a start.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(max = 261), regex(pattern = r"^[^\s:/]+:[0-9]{1,5}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub brokers: Vec<String>,

    /// First part of every topic's name: `<prefix>.hl7v2`, `<prefix>.fhir.<ResourceType>`, `<prefix>.dead` and
    /// `<prefix>.audit`. Also the name of the consumer group. The name of this resource when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 180), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub topic_prefix: Option<String>,

    /// TLS to the brokers. Without it the connection is in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<KafkaTls>,

    /// How the pipeline proves who it is by user name and password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sasl: Option<Sasl>,

    /// The topics that the pipeline makes.
    #[serde(default)]
    pub topics: Topics,
}

/// The topics that the pipeline makes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.partitions == oldSelf.partitions")
    .message("partitions cannot be changed: a feed would go on in another partition, and its order would be lost")
    .field_path(".partitions"))]
pub struct Topics {
    /// Whether topics that are missing are made. When false they must be there already, as where a platform team makes
    /// them.
    #[serde(default = "Topics::create")]
    pub create: bool,

    /// Partitions of a topic that is made. Feeds are spread over them and each stays in one, so there is work for no more
    /// instances of transform than this.
    #[serde(default = "Topics::partitions")]
    #[schemars(range(min = 1, max = 10000))]
    pub partitions: i32,

    /// Replicas of a topic that is made. 3 survive the loss of a broker without a pause.
    #[serde(default = "Topics::replication")]
    #[schemars(range(min = 1, max = 32))]
    pub replication: i32,
}

impl Topics {
    fn create() -> bool {
        true
    }

    fn partitions() -> i32 {
        12
    }

    fn replication() -> i32 {
        3
    }
}

impl Default for Topics {
    fn default() -> Self {
        Topics {
            create: Topics::create(),
            partitions: Topics::partitions(),
            replication: Topics::replication(),
        }
    }
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
