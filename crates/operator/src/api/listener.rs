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
#[x_kube(validation = Rule::new("!has(self.feeds) || !has(self.feed)")
    .message("choose one of feed and feeds: with feeds each sender has its own")
    .field_path(".feeds"))]
#[x_kube(validation = Rule::new("!self.sequenceNumbers || has(self.feed)")
    .message("sequenceNumbers needs feed: numbers are counted in one feed; with feeds give it there")
    .field_path(".sequenceNumbers"))]
#[x_kube(validation = Rule::new("!has(self.feeds) || self.feeds.all(f, !has(f.allowedCertificates)) || (has(self.tls) && has(self.tls.clientCaSecret))")
    .message("allowedCertificates of a feed needs tls.clientCaSecret: without it senders show no certificate")
    .field_path(".feeds"))]
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

    /// Whether the messages of `feed` are numbered: MSH-13 is held against the number before it, answers tell it in MSA-4,
    /// and a message out of sequence is not taken (the sequence number protocol, HL7 v2.9 section 2.10.1). Needs `feed`.
    #[serde(default)]
    pub sequence_numbers: bool,

    /// The feeds that may come in here and who sends each. When given, whoever sends none of them is refused; a connection
    /// belongs to the first that allows it, whatever MSH-3 and MSH-4 say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 64))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["name".into()]))]
    pub feeds: Vec<Feed>,

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

/// A feed and who sends it. Where both lists are given, both must allow a sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, KubeSchema)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("has(self.allowedNetworks) || has(self.allowedCertificates)")
    .message("say who sends the feed: give allowedNetworks, allowedCertificates or both"))]
pub struct Feed {
    /// Name of the feed, unique in its list.
    #[schemars(length(min = 1, max = 200))]
    pub name: String,

    /// Networks (CIDR) that may send it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(min = 1, max = 64),
        inner(length(max = 43), regex(pattern = r"^[0-9a-fA-F.:]+/[0-9]{1,3}$"))
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_networks: Vec<String>,

    /// Names, one of which the sender's certificate must have, as in `tls.allowedCertificates`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_certificates: Vec<String>,

    /// Whether its messages are numbered, as with `sequenceNumbers` of the listener.
    #[serde(default)]
    pub sequence_numbers: bool,
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
#[x_kube(validation = Rule::new("!has(self.allowedCertificates) || has(self.clientCaSecret)")
    .message("allowedCertificates needs clientCaSecret: without it senders show no certificate")
    .field_path(".allowedCertificates"))]
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

    /// Names, one of which a sender's certificate must have: `CN=lab,O=North` in its subject, or `DNS:lab.example.org`,
    /// `URI:spiffe://example.org/lab`, `email:lab@example.org`, `IP:192.0.2.7` among its alternative names. Needs
    /// `clientCaSecret`. Any certificate of these authorities when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1, max = 64), inner(length(min = 1, max = 512)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_certificates: Vec<String>,
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
