//! Pipelines to try things on.
#![allow(dead_code, reason = "each test uses some of it")]
#![allow(clippy::unwrap_used)]

use kiln_operator::api::Hl7Pipeline;
use kiln_operator::desired::{Observed, Settings};
use serde_json::{Value, json};

/// An operator's settings.
pub(crate) fn settings() -> Settings {
    Settings {
        image: "registry.example.org/kiln:0.1.0".to_owned(),
        namespace: "kiln-system".to_owned(),
    }
}

/// A pipeline of that spec, as the API server would give it.
pub(crate) fn pipeline(spec: &Value) -> Hl7Pipeline {
    serde_json::from_value(json!({
        "apiVersion": "kiln.health/v1alpha1",
        "kind": "Hl7Pipeline",
        "metadata": {
            "name": "st-elsewhere",
            "namespace": "integration",
            "uid": "0e1cbf2c-0000-4000-8000-000000000001",
            "generation": 1,
        },
        "spec": spec,
    }))
    .unwrap()
}

/// The least that can be asked for.
pub(crate) fn least() -> Value {
    json!({"kafka": {"brokers": ["kafka-0.kafka:9092"]}, "listeners": [{"name": "mllp"}]})
}

/// A spec that asks for everything that can be asked for.
pub(crate) fn most() -> Value {
    json!({
        "kafka": {
            "brokers": ["kafka-0.kafka:9093", "kafka-1.kafka:9093", "kafka-2.kafka:9094"],
            "topicPrefix": "elsewhere",
            "tls": {"caSecret": {"name": "kafka-ca"}, "clientSecret": {"name": "kafka-client"}},
            "sasl": {"mechanism": "SCRAM-SHA-512", "secret": {"name": "kafka-user"}},
            "topics": {"create": false, "partitions": 24, "replication": 3},
        },
        "listeners": [
            {
                "name": "adt", "port": 2575, "feed": "adt", "sequenceNumbers": true, "ackWhen": "Mapped",
                "tls": {
                    "secret": {"name": "adt-tls"},
                    "clientCaSecret": {"name": "hospital-ca"},
                    "clientCrlSecret": {"name": "hospital-crl"},
                    "allowedCertificates": ["CN=engine,O=North"],
                },
                "allowedNetworks": ["10.1.0.0/16", "10.2.3.4/32"],
                "exposure": {"type": "LoadBalancer", "annotations": {"example.org/internal": "true"}},
            },
            {"name": "lab", "port": 2576, "lane": "Bulk", "exposure": {"type": "NodePort", "nodePort": 32576}},
            {"name": "wards", "port": 2577, "feeds": [
                {"name": "ward-a", "allowedNetworks": ["10.5.1.0/24"], "sequenceNumbers": true},
                {"name": "ward-b", "allowedNetworks": ["10.5.2.0/24"]},
            ]},
        ],
        "mappings": [{"name": "site"}, {"name": "ward"}],
        "listen": {
            "replicas": 3,
            "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "2Gi"}},
        },
        "transform": {"scaling": {"minReplicas": 2, "maxReplicas": 12}},
        "output": {"layout": "Bundles", "profile": "USCore"},
        "timeZone": "+01:00",
        "availability": {
            "mode": "ActiveStandby", "zones": "Required", "priorityClass": "clinical", "toleratedRecoverySeconds": 5,
        },
        "rollout": {"minReadySeconds": 10, "progressDeadlineSeconds": 300, "drainSeconds": 40},
        "image": {"name": "registry.example.org/kiln:0.2.0", "pullSecrets": [{"name": "registry"}]},
        "monitoring": {"namespace": "monitoring"},
    })
}

/// A cluster that holds what [`most`] refers to.
pub(crate) fn observed() -> Observed {
    Observed {
        mappings: [("site", "site-maps"), ("ward", "ward-maps")]
            .map(|(name, config_map)| (name.to_owned(), config_map.to_owned()))
            .into(),
        listen: None,
        transform: Some(5),
        pod_monitors: true,
    }
}
