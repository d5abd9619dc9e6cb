//! What a pipeline becomes in the cluster.
#![allow(clippy::unwrap_used)]

mod support;

use kiln_operator::desired::{Impossible, Object, Observed, desired, farewell};
use kiln_pipeline::config::{AckWhen, Config, Given, Lane, Layout, StoreConfig};
use serde_json::{Value, json};
use support::{least, most, observed, pipeline, settings};

fn objects(spec: &Value, observed: &Observed) -> Vec<Object> {
    desired(&pipeline(spec), observed, &settings()).unwrap()
}

fn find(objects: &[Object], kind: &str, name: &str) -> Value {
    objects
        .iter()
        .find(|object| object.resource.kind == kind && object.name() == name)
        .unwrap_or_else(|| panic!("no {kind} {name}"))
        .manifest
        .clone()
}

fn yaml(objects: &[Object]) -> String {
    let mut text = String::new();
    for object in objects {
        text.push_str("---\n");
        text.push_str(&serde_saphyr::to_string(&object.manifest).unwrap());
    }
    text
}

#[test]
fn the_least_pipeline() {
    insta::assert_snapshot!(yaml(&objects(&least(), &Observed::default())));
}

#[test]
fn the_most_pipeline() {
    insta::assert_snapshot!(yaml(&objects(&most(), &observed())));
}

/// The rendered file with the directory of its secrets replaced, as `kiln serve` would check it.
fn checked(spec: &Value, observed: &Observed) -> Config {
    let objects = objects(spec, observed);
    let config_map = find(&objects, "ConfigMap", "st-elsewhere-config");
    let secrets = tempfile::tempdir().unwrap();
    for (file, text) in [("username", "kiln"), ("password", "hunter2\n")] {
        let directory = secrets.path().join("kafka-sasl");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(file), text).unwrap();
    }
    let text = config_map["data"]["kiln.yaml"]
        .as_str()
        .unwrap()
        .replace("/etc/kiln", &secrets.path().display().to_string());
    let roles = |name: &str| (name == "KILN_ROLES").then(|| "transform".to_owned());
    Config::parse(&text, "kiln.yaml", &roles).unwrap_or_else(|errors| panic!("{errors}\n{text}"))
}

#[test]
fn kiln_takes_the_configuration_of_the_least_pipeline() {
    let config = checked(&least(), &Observed::default());
    assert_eq!(config.name, "st-elsewhere");
    assert!(config.roles.transform && !config.roles.listen);
    assert_eq!(config.listeners.len(), 1);
    assert_eq!(config.listeners[0].address.to_string(), "0.0.0.0:2575");
    assert_eq!(config.listeners[0].ack_when, AckWhen::Stored);
    assert_eq!(config.http.unwrap().to_string(), "0.0.0.0:8090");
    assert_eq!(config.overlay, None);
    assert_eq!(config.profile.name(), "r4");
    let StoreConfig::Kafka(kafka) = &config.store else {
        panic!("the store is not Kafka")
    };
    assert_eq!(kafka.brokers, ["kafka-0.kafka:9092"]);
    assert!(kafka.topics.create);
    assert_eq!((kafka.topics.partitions, kafka.topics.replication), (12, 3));
    assert!(kafka.tls.is_none() && kafka.sasl.is_none());
}

#[test]
fn kiln_takes_the_configuration_of_the_most_pipeline() {
    let config = checked(&most(), &observed());
    assert_eq!(config.name, "elsewhere");
    assert_eq!(config.layout, Layout::Bundles);
    assert_eq!(config.profile.name(), "us-core");
    assert_eq!(config.offset_minutes, 60);
    assert!(config.overlay.unwrap().ends_with("overlay"));
    assert_eq!(config.listeners[0].feed.as_deref(), Some("adt"));
    assert_eq!(config.listeners[0].ack_when, AckWhen::Mapped);
    assert_eq!(
        (config.listeners[0].lane, config.listeners[1].lane),
        (Lane::Interactive, Lane::Bulk)
    );
    let tls = config.listeners[0].tls.as_ref().unwrap();
    assert!(tls.cert.ends_with("tls/adt/tls.crt") && tls.key.ends_with("tls/adt/tls.key"));
    let senders = tls.clients.as_ref().unwrap();
    assert!(senders.ca.ends_with("senders-ca/adt/ca.crt"));
    assert!(senders.crl[0].ends_with("senders-crl/adt/ca.crl"));
    assert!(config.listeners[0].sequence_numbers);
    assert_eq!(config.listeners[0].allowed.certificates.len(), 1);
    let feeds: Vec<_> = config.listeners[2]
        .feeds
        .iter()
        .map(|feed| (feed.name.as_str(), feed.sequence_numbers))
        .collect();
    assert_eq!(feeds, [("ward-a", true), ("ward-b", false)]);
    assert_eq!(
        config.listeners[2].feeds[0].allowed.networks[0].to_string(),
        "10.5.1.0/24"
    );
    assert_eq!(
        config.listeners[1].max_connections_per_address,
        config.listeners[1].max_connections
    );
    assert_eq!(config.limits.shutdown.as_secs(), 40);
    let StoreConfig::Kafka(kafka) = &config.store else {
        panic!("the store is not Kafka")
    };
    assert!(!kafka.topics.create);
    let tls = kafka.tls.as_ref().unwrap();
    assert!(tls.ca.as_ref().unwrap().ends_with("kafka-ca/ca.crt"));
    let (certificate, key) = tls.identity.as_ref().unwrap();
    assert!(certificate.ends_with("tls.crt") && key.ends_with("tls.key"));
    let sasl = kafka.sasl.as_ref().unwrap();
    for (given, file) in [(&sasl.username, "username"), (&sasl.password, "password")] {
        let Given::File(path) = given else {
            panic!("the {file} is not in a file")
        };
        assert!(path.ends_with(format!("kafka-sasl/{file}")));
    }
}

#[test]
fn instances_are_as_many_as_the_spec_says_or_scaling_chose_within_its_bounds() {
    let scaling = json!({"minReplicas": 2, "maxReplicas": 6});
    for (replicas, scaling, chosen, expected) in [
        (3, None, None, 3),
        (0, None, None, 0),
        (3, None, Some(5), 3),
        (3, Some(&scaling), None, 3),
        (3, Some(&scaling), Some(5), 5),
        (3, Some(&scaling), Some(9), 6),
        (3, Some(&scaling), Some(0), 2),
        (1, Some(&scaling), None, 2),
    ] {
        let mut spec = least();
        spec["listen"]["replicas"] = json!(replicas);
        if let Some(scaling) = scaling {
            spec["listen"]["scaling"] = scaling.clone();
        }
        let seen = Observed {
            listen: chosen,
            ..Observed::default()
        };
        let deployment = find(&objects(&spec, &seen), "Deployment", "st-elsewhere-listen");
        assert_eq!(
            deployment["spec"]["replicas"], expected,
            "{replicas} {scaling:?} {chosen:?}"
        );
    }
}

#[test]
fn a_change_of_the_configuration_is_a_rollout_and_a_change_of_the_number_is_none() {
    let template = |spec: &Value| {
        find(
            &objects(spec, &Observed::default()),
            "Deployment",
            "st-elsewhere-listen",
        )["spec"]["template"]
            .clone()
    };
    let before = template(&least());
    let mut other_feed = least();
    other_feed["listeners"][0]["feed"] = json!("adt");
    assert_ne!(template(&other_feed), before);
    let mut more = least();
    more["listen"] = json!({"replicas": 5});
    assert_eq!(template(&more), before);
}

#[test]
fn every_pod_meets_the_restricted_standard_and_holds_no_token() {
    for spec in [least(), most()] {
        for role in ["listen", "transform"] {
            let deployment = find(
                &objects(&spec, &observed()),
                "Deployment",
                &format!("st-elsewhere-{role}"),
            );
            let pod = &deployment["spec"]["template"]["spec"];
            assert_eq!(pod["automountServiceAccountToken"], false);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            assert_eq!(
                pod["securityContext"]["seccompProfile"]["type"],
                "RuntimeDefault"
            );
            assert_eq!(pod["securityContext"].get("runAsUser"), None);
            let container = &pod["containers"][0]["securityContext"];
            assert_eq!(container["allowPrivilegeEscalation"], false);
            assert_eq!(container["readOnlyRootFilesystem"], true);
            assert_eq!(container["capabilities"], json!({"drop": ["ALL"]}));
        }
    }
}

#[test]
fn only_instances_that_senders_connect_to_see_the_keys_of_the_listeners() {
    for (role, expected) in [("listen", true), ("transform", false)] {
        let deployment = find(
            &objects(&most(), &observed()),
            "Deployment",
            &format!("st-elsewhere-{role}"),
        );
        let text = deployment.to_string();
        assert_eq!(text.contains("adt-tls"), expected, "{role}");
        assert!(text.contains("kafka-user"), "{role}");
    }
}

#[test]
fn an_instance_has_longer_to_leave_than_it_takes() {
    let deployment = find(
        &objects(&most(), &observed()),
        "Deployment",
        "st-elsewhere-listen",
    );
    let pod = &deployment["spec"]["template"]["spec"];
    let sleep = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        .as_i64()
        .unwrap();
    let shutdown = i64::try_from(checked(&most(), &observed()).limits.shutdown.as_secs()).unwrap();
    assert!(pod["terminationGracePeriodSeconds"].as_i64().unwrap() > sleep + shutdown);
}

#[test]
fn everything_is_owned_by_the_pipeline_and_found_by_its_labels() {
    for object in objects(&most(), &observed()) {
        let metadata = &object.manifest["metadata"];
        let owner = &metadata["ownerReferences"][0];
        assert_eq!(owner["kind"], "Hl7Pipeline", "{}", object.name());
        assert_eq!(owner["controller"], true);
        assert_eq!(metadata["namespace"], "integration");
        assert_eq!(
            metadata["labels"]["app.kubernetes.io/managed-by"],
            "kiln-operator"
        );
        assert_eq!(
            metadata["labels"]["app.kubernetes.io/instance"],
            "st-elsewhere"
        );
    }
}

#[test]
fn policies_forbid_all_and_allow_what_the_spec_implies() {
    let objects = objects(&most(), &observed());
    let policy =
        |of: &str| find(&objects, "NetworkPolicy", &format!("st-elsewhere-{of}"))["spec"].clone();
    let deny = policy("deny-all");
    assert_eq!(deny["policyTypes"], json!(["Ingress", "Egress"]));
    assert!(deny.get("ingress").is_none() && deny.get("egress").is_none());
    let senders = policy("allow-senders");
    assert_eq!(
        senders["ingress"][0]["from"],
        json!([{"ipBlock": {"cidr": "10.1.0.0/16"}}, {"ipBlock": {"cidr": "10.2.3.4/32"}}])
    );
    assert_eq!(senders["ingress"][1].get("from"), None);
    // Only who sends a feed, where each feed says from which networks it comes.
    assert_eq!(
        senders["ingress"][2]["from"],
        json!([{"ipBlock": {"cidr": "10.5.1.0/24"}}, {"ipBlock": {"cidr": "10.5.2.0/24"}}])
    );
    let kafka = policy("allow-kafka");
    let rules = kafka["egress"].as_array().unwrap().iter();
    let ports: Vec<&Value> = rules
        .flat_map(|rule| rule["ports"].as_array().unwrap())
        .map(|port| &port["port"])
        .collect();
    assert_eq!(ports, [9093, 9094, 53, 53]);
    let operations = policy("allow-operations");
    let namespaces: Vec<&Value> = operations["ingress"][0]["from"]
        .as_array()
        .unwrap()
        .iter()
        .map(|peer| &peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"])
        .collect();
    assert_eq!(namespaces, ["kiln-system", "monitoring"]);
    assert_eq!(operations["ingress"][0]["ports"][0]["port"], 8090);
}

#[test]
fn what_cannot_be_made_is_told_with_its_place() {
    let error = desired(&pipeline(&most()), &Observed::default(), &settings()).unwrap_err();
    assert_eq!(
        error,
        Impossible::NoMapping {
            at: 0,
            name: "site".to_owned()
        }
    );
    assert!(
        error
            .to_string()
            .starts_with("mappings[0]: there is no FhirMapping `site`")
    );
}

#[test]
fn a_job_deletes_the_topics_by_name_and_waits_for_no_map() {
    let objects = farewell(&pipeline(&most()), &settings()).unwrap();
    let job = find(&objects, "Job", "st-elsewhere-delete-topics");
    let template = &job["spec"]["template"];
    let pod = &template["spec"];
    let container = &pod["containers"][0];
    // The name is that of the topics, not of the resource.
    assert_eq!(
        container["args"],
        json!(["topics", "delete", "--confirm", "elsewhere"])
    );
    assert_eq!(pod["restartPolicy"], "Never");
    assert_eq!(container["livenessProbe"], Value::Null);
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    let mounts: Vec<&str> = container["volumeMounts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mount| mount["name"].as_str().unwrap())
        .collect();
    assert_eq!(mounts, ["config", "kafka-ca", "kafka-client", "kafka-sasl"]);
    // It is no instance of a role, and the way to Kafka is open to it.
    let labels = &template["metadata"]["labels"];
    let policy = find(&objects, "NetworkPolicy", "st-elsewhere-allow-kafka");
    let selected = policy["spec"]["podSelector"]["matchLabels"]
        .as_object()
        .unwrap();
    assert!(selected.iter().all(|(name, value)| labels[name] == *value));
    assert_eq!(labels["app.kubernetes.io/component"], "topics");
    // Its objects come before it.
    let kinds: Vec<&str> = objects
        .iter()
        .map(|object| object.resource.kind.as_str())
        .collect();
    assert_eq!(kinds[..2], ["ServiceAccount", "ConfigMap"]);
    assert_eq!(kinds.last(), Some(&"Job"));
}
