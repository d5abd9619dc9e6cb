//! What the API server refuses, and in which words. The rules are evaluated here as it evaluates them.
#![allow(clippy::unwrap_used)]

use kiln_operator::api::{FhirMappingSpec, Hl7Pipeline, Hl7PipelineSpec};
use kube::core::cel::validate_cel_schema;
use serde_json::{Value, json};

fn spec() -> Value {
    json!({
        "kafka": {"brokers": ["kafka-0.kafka:9093", "kafka-1.kafka:9093"]},
        "listeners": [
            {"name": "adt", "port": 2575, "feed": "adt", "exposure": {"type": "NodePort", "nodePort": 32575}},
            {"name": "lab", "port": 2576, "exposure": {"type": "ClusterIP"}},
        ],
        "mappings": [{"name": "site"}, {"name": "ward"}],
        "listen": {"replicas": 3, "scaling": {"minReplicas": 2, "maxReplicas": 6, "schedules": [
            {"name": "shift-change", "days": ["Mon", "Tue"], "from": "06:30", "to": "08:00", "timeZone": "Europe/Vienna",
             "minReplicas": 4},
        ]}},
        "transform": {"scaling": {"minReplicas": 2, "maxReplicas": 12, "schedules": []}},
    })
}

/// The spec as the API server completes it before it asks the rules: with every default.
fn completed(spec: &Value) -> Value {
    serde_json::to_value(serde_json::from_value::<Hl7PipelineSpec>(spec.clone()).unwrap()).unwrap()
}

/// The messages of all rules that a new spec breaks.
fn refusals(spec: &Value) -> String {
    told(validate_cel_schema::<Hl7PipelineSpec>(
        &completed(spec),
        None,
    ))
}

/// The messages of all rules that a change from the sound spec breaks.
fn refusals_of_change(changed: &Value) -> String {
    let old = completed(&spec());
    told(validate_cel_schema::<Hl7PipelineSpec>(
        &completed(changed),
        Some(&old),
    ))
}

fn told<E: std::fmt::Display>(result: Result<(), E>) -> String {
    result.map_or_else(|errors| errors.to_string(), |()| String::new())
}

/// A pointer into the spec, what stands there instead, and what is said of it.
fn refused(pointer: &str, value: Value, words: &str) {
    let mut spec = spec();
    put(&mut spec, pointer, value);
    let said = refusals(&spec);
    assert!(said.contains(words), "{pointer}: {said:?}");
}

fn put(spec: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        _ => parent[name] = value,
    }
}

#[test]
fn a_sound_pipeline_is_taken() {
    assert_eq!(refusals(&spec()), "");
}

/// What was given and is not taken, by its path.
fn dropped(path: &str, given: &Value, taken: &Value) -> Vec<String> {
    match (given, taken) {
        (Value::Object(given), Value::Object(taken)) => given
            .iter()
            .flat_map(|(name, value)| {
                let path = format!("{path}.{name}");
                taken
                    .get(name)
                    .map_or(vec![path.clone()], |taken| dropped(&path, value, taken))
            })
            .collect(),
        (Value::Array(given), Value::Array(taken)) => given
            .iter()
            .zip(taken)
            .flat_map(|(given, taken)| dropped(path, given, taken))
            .collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_resources_of_the_documentation_are_taken_as_they_are() {
    let page = include_str!("../../../docs/kubernetes.md");
    let mut kinds = Vec::new();
    for block in page.split("```yaml cluster\n").skip(1) {
        let (text, _) = block.split_once("```").unwrap();
        let object: Value = serde_saphyr::from_str(text).unwrap();
        let spec = &object["spec"];
        let kind = object["kind"].as_str().unwrap();
        let taken = match kind {
            "Hl7Pipeline" => {
                assert_eq!(refusals(spec), "", "{text}");
                completed(spec)
            }
            "FhirMapping" => {
                let spec: FhirMappingSpec = serde_json::from_value(spec.clone()).unwrap();
                serde_json::to_value(spec).unwrap()
            }
            _ => panic!("no such kind: {kind}"),
        };
        assert_eq!(dropped("spec", spec, &taken), Vec::<String>::new());
        kinds.push(kind.to_owned());
    }
    assert_eq!(
        kinds,
        ["Hl7Pipeline", "Hl7Pipeline", "FhirMapping", "Hl7Pipeline"]
    );
}

#[test]
fn what_cannot_work_is_refused_with_the_way_out() {
    refused(
        "/listeners/1/port",
        json!(2575),
        "two listeners have the same port",
    );
    refused(
        "/listeners/1/port",
        json!(8090),
        "port 8090 serves health and metrics",
    );
    refused(
        "/listeners/1/name",
        json!("http"),
        "http is the name of the port of health and metrics",
    );
    refused(
        "/listeners/1/tls",
        json!({"secret": {"name": "tls"}, "clientCrlSecret": {"name": "crl"}}),
        "name them too",
    );
    let tls = |more: Value| {
        let mut tls = json!({"secret": {"name": "tls"}});
        tls.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        tls
    };
    refused(
        "/listeners/1/tls",
        tls(json!({"allowedCertificates": ["CN=lab"]})),
        "without it senders show no certificate",
    );
    let wards = json!([{"name": "ward-adt", "allowedNetworks": ["10.1.2.0/24"]}]);
    refused(
        "/listeners/0/feeds",
        wards.clone(),
        "choose one of feed and feeds",
    );
    refused(
        "/listeners/1/feeds",
        json!([{"name": "lab"}]),
        "say who sends the feed",
    );
    refused(
        "/listeners/1/feeds",
        json!([{"name": "lab", "allowedCertificates": ["CN=lab"]}]),
        "allowedCertificates of a feed needs tls.clientCaSecret",
    );
    refused(
        "/listeners/1/sequenceNumbers",
        json!(true),
        "sequenceNumbers needs feed",
    );
    let mut enrolled = spec();
    enrolled["listeners"][0]["sequenceNumbers"] = json!(true);
    enrolled["listeners"][1]["feeds"] = json!([
        wards[0],
        {"name": "lab", "allowedCertificates": ["CN=lab"], "sequenceNumbers": true},
    ]);
    enrolled["listeners"][1]["tls"] = tls(
        json!({"clientCaSecret": {"name": "ca"}, "allowedCertificates": ["CN=lab", "CN=ward"]}),
    );
    assert_eq!(refusals(&enrolled), "");
    refused(
        "/listeners/1/exposure",
        json!({"type": "LoadBalancer", "nodePort": 32575}),
        "two listeners have the same nodePort",
    );
    refused(
        "/listeners/1/exposure/nodePort",
        json!(32576),
        "nodePort needs exposure type",
    );
    refused(
        "/mappings/1/name",
        json!("site"),
        "a mapping is named twice",
    );
    refused(
        "/listen/scaling/minReplicas",
        json!(7),
        "minReplicas must not be above maxReplicas",
    );
    refused(
        "/listen/scaling/schedules/0/minReplicas",
        json!(9),
        "a schedule asks for more instances than maxReplicas allows",
    );
    refused(
        "/listen/scaling/schedules/0/to",
        json!("06:30"),
        "from and to are the same time",
    );
    refused(
        "/transform/scaling/maxReplicas",
        json!(13),
        "transform.scaling.maxReplicas is above kafka.topics.partitions",
    );
    refused(
        "/kafka/sasl",
        json!({"mechanism": "PLAIN", "secret": {"name": "kafka"}}),
        "PLAIN sends the password as it is",
    );
    refused(
        "/availability",
        json!({"mode": "ActiveStandby"}),
        "leave listen.scaling out",
    );
}

#[test]
fn what_acknowledged_messages_rest_on_cannot_be_changed() {
    let mut moved = spec();
    moved["kafka"]["topicPrefix"] = json!("elsewhere");
    assert!(refusals_of_change(&moved).contains("topicPrefix cannot be changed"));
    let mut spread = spec();
    spread["kafka"]["topics"] = json!({"partitions": 24});
    assert!(refusals_of_change(&spread).contains("partitions cannot be changed"));
    let mut scaled = spec();
    scaled["listen"]["replicas"] = json!(4);
    assert_eq!(refusals_of_change(&scaled), "");
}

#[test]
fn what_is_left_out_gets_its_default() {
    let pipeline: Hl7Pipeline = serde_json::from_value(json!({
        "apiVersion": "kiln.health/v1alpha1",
        "kind": "Hl7Pipeline",
        "metadata": {"name": "small"},
        "spec": {"kafka": {"brokers": ["kafka:9092"]}, "listeners": [{"name": "mllp"}]},
    }))
    .unwrap();
    let spec = serde_json::to_value(&pipeline.spec).unwrap();
    assert_eq!(spec["listeners"][0]["port"], 2575);
    assert_eq!(spec["listeners"][0]["exposure"]["type"], "ClusterIP");
    assert_eq!(spec["listen"]["replicas"], 2);
    assert_eq!(spec["transform"]["replicas"], 2);
    assert_eq!(spec["output"]["layout"], "Resources");
    assert_eq!(spec["output"]["profile"], "R4");
    assert_eq!(spec["deletionPolicy"], "Retain");
    assert_eq!(spec["listeners"][0]["lane"], "Interactive");
    assert_eq!(spec["listeners"][0]["ackWhen"], "Stored");
    assert_eq!(
        spec["kafka"]["topics"],
        json!({"create": true, "partitions": 12, "replication": 3})
    );
    assert_eq!(spec["availability"]["mode"], "ActiveActive");
    assert_eq!(spec["availability"]["toleratedRecoverySeconds"], 10);
    assert_eq!(spec["rollout"]["drainSeconds"], 25);
}
