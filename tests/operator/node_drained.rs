//! Fear: maintenance of a node is felt by senders.

use std::time::Duration;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

/// Connections that stay open, each with a message every so often.
const CONNECTIONS: usize = 200;
const PACE: Duration = Duration::from_secs(5);

#[test]
fn no_send_fails_while_a_node_is_drained() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "node_drained", |_| {});
    let senders = pipeline.senders(CONNECTIONS, (PACE, PATIENT));
    let node = pipeline.pods("listen").remove(0).node;
    cluster.drain(&node);
    let moved = |role| {
        let pods = pipeline.pods(role);
        pods.iter()
            .filter(|pod| pod.ready && pod.node != node)
            .count()
            == 2
            && pods.iter().all(|pod| pod.node != node)
    };
    pipeline.until("has left the node", |_| {
        moved("listen") && moved("transform")
    });
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
