//! Fear: senders wait for their acknowledgements, and nothing is done about it.

use std::time::Duration;

use serde_json::json;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 16;
const PACE: Duration = Duration::from_millis(250);
const CONNECTIONS: &str = "kiln_listen_connections{listener=\"mllp\"}";

#[test]
fn slow_acknowledgements_bring_instances_to_which_senders_are_led() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "scale_out_on_latency", |spec| {
        spec["listen"]["replicas"] = json!(1);
        // Less than any broker takes to store a message.
        spec["listen"]["scaling"] =
            json!({"minReplicas": 1, "maxReplicas": 2, "ackMilliseconds": 1});
    });
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    let grown = pipeline.until("has a second instance", |found| {
        found["status"]["listen"]["readyReplicas"] == 2
    });
    let reason = grown["status"]["listen"]["reason"]
        .as_str()
        .unwrap_or_default();
    assert!(reason.contains("ACK p99"), "{reason}");
    // Half of them are asked to come again, between two messages.
    pipeline.until("has senders on both", |_| {
        let pods = pipeline.pods("listen");
        pods.iter()
            .all(|pod| pipeline.measured(pod, CONNECTIONS) > 0.0)
    });
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
