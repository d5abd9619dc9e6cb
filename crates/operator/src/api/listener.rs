//! Where senders connect.

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NamedObject;

/// A port on which senders connect with MLLP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("self.port != 8090")
    .message("port 8090 serves health and metrics; give the listener another")
    .field_path(".port"))]
#[x_kube(validation = Rule::new("self.name != 'http'")
    .message("http is the name of the port of health and metrics; give the listener another")
    .field_path(".name"))]
pub struct Listener {
    /// Name of the listener, unique in the pipeline. It becomes the name of the Service's port and of the metrics' label.
    #[schemars(
        length(min = 1, max = 15),
        regex(pattern = r"^[a-z]([-a-z0-9]*[a-z0-9])?$")
    )]
    pub name: String,

    /// TCP port, unique in the pipeline. 2575 is the port registered for HL7 over MLLP; 8090 serves health and metrics.
    #[serde(default = "mllp_port")]
    #[schemars(range(min = 1024, max = 65535))]
    pub port: i32,

    /// Name of the feed that all messages of this listener belong to. Messages of a feed keep their order to the end. When
    /// absent, a message's feed is its sending application and facility (MSH-3 and MSH-4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub feed: Option<String>,

    /// `Interactive`: messages that someone waits for. `Bulk`: loads of many messages, kept in topics of their own so that
    /// interactive messages never wait behind them.
    #[serde(default)]
    pub lane: Lane,

    /// When a message is acknowledged. `Stored`: once Kafka keeps it. `Mapped`: once it is also known that it can be turned
    /// into FHIR; a sender is told what is wrong at once.
    #[serde(default)]
    pub ack_when: AckWhen,

    /// MLLP over TLS. Without it the port speaks in the clear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,

    /// How the port is reached from outside the cluster. Inside the cluster only, unless said otherwise.
    #[serde(default)]
    pub exposure: Exposure,

    /// Networks (CIDR) that may connect, for instance `10.1.0.0/16`. The NetworkPolicy and the load balancer keep others out,
    /// where the cluster enforces them. All when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 64),
        inner(length(max = 43), regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_networks: Vec<String>,
}

fn mllp_port() -> i32 {
    2575
}

/// Which topics a listener's messages go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Lane {
    /// Messages that someone waits for.
    #[default]
    Interactive,
    /// Loads of many messages.
    Bulk,
}

/// When a message is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum AckWhen {
    /// Once Kafka keeps it.
    #[default]
    Stored,
    /// Once it is also known that it can be turned into FHIR.
    Mapped,
}

/// TLS of a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.clientCrlSecret) || has(self.clientCaSecret)")
    .message("clientCrlSecret revokes certificates of the authorities in clientCaSecret; name them too")
    .field_path(".clientCrlSecret"))]
pub struct ListenerTls {
    /// Secret of type `kubernetes.io/tls` with the certificate and key that senders see.
    pub secret: NamedObject,

    /// Secret whose key `ca.crt` holds the authorities (PEM) of the senders. When given, a sender without a certificate
    /// from one of them is refused (mutual TLS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ca_secret: Option<NamedObject>,

    /// Secret whose key `ca.crl` holds the revocation lists (PEM) of those authorities. Senders whose certificate is in one
    /// are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_crl_secret: Option<NamedObject>,
}

/// The Service in front of a listener.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!has(self.nodePort) || self.type != 'ClusterIP'")
    .message("nodePort needs exposure type NodePort or LoadBalancer")
    .field_path(".nodePort"))]
pub struct Exposure {
    /// `ClusterIP` (inside the cluster only), `NodePort` or `LoadBalancer`.
    #[serde(default, rename = "type")]
    pub kind: ExposureType,

    /// The port on every node, so that senders can be given a fixed one. Kubernetes chooses it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub node_port: Option<i32>,

    /// Annotations of the Service, for instance those a cloud's load balancer reads.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The type of the Service in front of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ExposureType {
    /// Inside the cluster only.
    #[default]
    ClusterIP,
    /// The same port on every node.
    NodePort,
    /// An address of its own from the cloud or from the cluster's load balancer.
    LoadBalancer,
}
