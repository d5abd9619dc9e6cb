//! `kiln.yaml`, the configuration that the instances of a pipeline read.

use serde_json::{Map, Value, json};

use super::Impossible;
use super::names::Names;
use super::pod::{HTTP_PORT, paths};
use crate::api::{
    AckWhen, ExposureType, Feed, Hl7Pipeline, Kafka, Lane, Layout, Listener, Profile, Rollout,
    SaslMechanism,
};

/// Name of the file in the ConfigMap.
pub(super) const FILE: &str = "kiln.yaml";

/// All addresses of the pod. Not `[::]`, which nodes without IPv6 in their kernel refuse.
const ANY: &str = "0.0.0.0";

/// How long a connection may take until it is between messages, at most; within the time that an instance has to leave.
const DRAIN_SECONDS: i32 = 5;

/// As many connections as a listener takes at all, for those that see all senders at one address.
const MAX_CONNECTIONS: i32 = 1000;

/// The file's text. Roles and the instance's name come from the environment, so that both roles read the same file.
pub(super) fn render(pipeline: &Hl7Pipeline, names: &Names) -> Result<String, Impossible> {
    let spec = &pipeline.spec;
    let mut config = json!({
        "name": pipeline_name(pipeline, names),
        "store": {"kafka": kafka(&spec.kafka)},
        "listeners": spec.listeners.iter().map(listener).collect::<Vec<_>>(),
        "output": {"layout": match spec.output.layout {
            Layout::Resources => "resources",
            Layout::Bundles => "bundles",
        }},
        "http": {"address": format!("{ANY}:{HTTP_PORT}")},
        "timeZone": spec.time_zone,
        "limits": limits(&spec.rollout),
    });
    if spec.output.profile == Profile::UsCore {
        config["mapping"]["profile"] = json!("us-core");
    }
    if !spec.mappings.is_empty() {
        config["mapping"]["overlay"] = json!(paths::OVERLAY);
    }
    serde_saphyr::to_string(&config).map_err(|error| Impossible::Unwritable(error.to_string()))
}

/// What the pipeline is called on Kafka: the first part of its topics' names.
pub(super) fn pipeline_name<'a>(pipeline: &'a Hl7Pipeline, names: &'a Names) -> &'a str {
    let prefix = pipeline.spec.kafka.topic_prefix.as_deref();
    prefix.unwrap_or(&names.pipeline)
}

fn kafka(kafka: &Kafka) -> Value {
    let mut made = json!({
        "brokers": kafka.brokers,
        "topics": {
            "create": kafka.topics.create,
            "partitions": kafka.topics.partitions,
            "replication": kafka.topics.replication,
        },
    });
    if let Some(tls) = &kafka.tls {
        let mut files = Map::new();
        if tls.ca_secret.is_some() {
            files.insert(
                "ca".to_owned(),
                json!(format!("{}/ca.crt", paths::KAFKA_CA)),
            );
        }
        if tls.client_secret.is_some() {
            for (setting, file) in [("cert", "tls.crt"), ("key", "tls.key")] {
                let path = format!("{}/{file}", paths::KAFKA_CLIENT);
                files.insert(setting.to_owned(), json!(path));
            }
        }
        made["tls"] = Value::Object(files);
    }
    if let Some(sasl) = &kafka.sasl {
        made["sasl"] = json!({
            "mechanism": match sasl.mechanism {
                SaslMechanism::Plain => "PLAIN",
                SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
                SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
            },
            "usernameFile": format!("{}/username", paths::KAFKA_SASL),
            "passwordFile": format!("{}/password", paths::KAFKA_SASL),
        });
    }
    made
}

fn listener(listener: &Listener) -> Value {
    let mut made = json!({
        "name": listener.name,
        "address": format!("{ANY}:{}", listener.port),
        "ackWhen": match listener.ack_when {
            AckWhen::Stored => "stored",
            AckWhen::Mapped => "mapped",
        },
        "lane": match listener.lane {
            Lane::Interactive => "interactive",
            Lane::Bulk => "bulk",
        },
    });
    // The instances know the senders' addresses too, and count whom they refuse.
    if !listener.allowed_networks.is_empty() {
        made["allowedNetworks"] = json!(listener.allowed_networks);
    }
    if let Some(feed) = &listener.feed {
        made["feed"] = json!(feed);
    }
    if listener.sequence_numbers {
        made["sequenceNumbers"] = json!(true);
    }
    if !listener.feeds.is_empty() {
        made["feeds"] = listener.feeds.iter().map(feed).collect();
    }
    if let Some(tls) = &listener.tls {
        let directory = paths::tls(&listener.name);
        made["tls"] = json!({
            "cert": format!("{directory}/tls.crt"),
            "key": format!("{directory}/tls.key"),
        });
        if !tls.allowed_certificates.is_empty() {
            made["allowedCertificates"] = json!(tls.allowed_certificates);
        }
        if tls.client_ca_secret.is_some() {
            made["tls"]["clientCa"] =
                json!(format!("{}/ca.crt", paths::senders_ca(&listener.name)));
        }
        if tls.client_crl_secret.is_some() {
            made["tls"]["clientCrl"] =
                json!([format!("{}/ca.crl", paths::senders_crl(&listener.name))]);
        }
    }
    // Behind a node port the senders of a whole node have its address.
    if listener.exposure.kind == ExposureType::NodePort {
        made["maxConnectionsPerAddress"] = json!(MAX_CONNECTIONS);
    }
    made
}

fn feed(feed: &Feed) -> Value {
    json!({
        "name": feed.name,
        "allowedNetworks": feed.allowed_networks,
        "allowedCertificates": feed.allowed_certificates,
        "sequenceNumbers": feed.sequence_numbers,
    })
}

fn limits(rollout: &Rollout) -> Value {
    json!({
        "drainSeconds": rollout.drain_seconds.min(DRAIN_SECONDS),
        "shutdownSeconds": rollout.drain_seconds,
    })
}
