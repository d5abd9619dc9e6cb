//! What the API server refuses, and in which words. The rules are evaluated here as it evaluates them.
#![allow(clippy::unwrap_used)]

use kiln_operator::{Hl7Pipeline, Hl7PipelineSpec};
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
        "listen": {"replicas": 3, "bounds": {"minReplicas": 2, "maxReplicas": 6}},
    })
}

/// The messages of all rules that the spec breaks.
fn refusals(spec: &Value) -> String {
    // Shape first: what serde refuses would never reach a rule.
    serde_json::from_value::<Hl7PipelineSpec>(spec.clone()).unwrap();
    validate_cel_schema::<Hl7PipelineSpec>(spec, None)
        .map_or_else(|errors| errors.to_string(), |()| String::new())
}

#[test]
fn a_sound_pipeline_is_taken() {
    assert_eq!(refusals(&spec()), "");
}

#[test]
fn two_listeners_on_one_port_are_refused() {
    let mut spec = spec();
    spec["listeners"][1]["port"] = json!(2575);
    assert!(
        refusals(&spec).contains("two listeners have the same port"),
        "{}",
        refusals(&spec)
    );
}

#[test]
fn a_mapping_named_twice_is_refused() {
    let mut spec = spec();
    spec["mappings"][1]["name"] = json!("site");
    assert!(
        refusals(&spec).contains("a mapping is named twice"),
        "{}",
        refusals(&spec)
    );
}

#[test]
fn bounds_the_wrong_way_round_are_refused() {
    let mut spec = spec();
    spec["listen"]["bounds"] = json!({"minReplicas": 4, "maxReplicas": 2});
    assert!(
        refusals(&spec).contains("minReplicas must not be above maxReplicas"),
        "{}",
        refusals(&spec)
    );
}

#[test]
fn a_node_port_inside_the_cluster_only_is_refused() {
    let mut spec = spec();
    spec["listeners"][1]["exposure"]["nodePort"] = json!(32576);
    assert!(
        refusals(&spec).contains("nodePort needs exposure type"),
        "{}",
        refusals(&spec)
    );
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
    assert_eq!(spec["deletionPolicy"], "Retain");
}
