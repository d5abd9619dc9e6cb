//! Fear: taking instances away is felt by senders.

use std::time::Duration;

use serde_json::json;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, Senders, repeated};

/// Half a second between two messages: connections are what is scaled by here.
const PACE: Duration = Duration::from_millis(500);

#[test]
fn no_send_fails_while_instances_come_and_go_with_connections() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "scale_in", |spec| {
        spec["listen"]["replicas"] = json!(1);
        spec["listen"]["scaling"] = json!({
            "minReplicas": 1, "maxReplicas": 2, "connectionsPerInstance": 6, "scaleInAfterSeconds": 30,
        });
        // What a debug build takes is no reason here.
        spec["listen"]["scaling"]["ackMilliseconds"] = json!(60_000);
    });
    let stay = pipeline.senders(4, (PACE, PATIENT));
    let leave = Senders::start(pipeline.address("mllp"), "LEAVES", 4, (PACE, PATIENT));
    let grown = pipeline.until("has a second instance", |found| {
        found["status"]["listen"]["readyReplicas"] == 2
    });
    let reason = grown["status"]["listen"]["reason"]
        .as_str()
        .unwrap_or_default();
    assert!(reason.contains("connections"), "{reason}");
    let mut sent = leave.stop();
    pipeline.until("has one instance", |_| pipeline.pods("listen").len() == 1);
    stay.await_each(2);
    sent.extend(stay.stop());
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
