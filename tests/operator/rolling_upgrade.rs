//! Fear: an upgrade at noon is felt by senders.

use std::time::Duration;

use serde_json::json;

use crate::cluster::{NEXT_IMAGE, cluster};
use crate::pipeline::{Pipeline, is_settled};
use crate::senders::{PATIENT, repeated};

/// Connections that stay open, each with a message every so often.
const CONNECTIONS: usize = 200;
const PACE: Duration = Duration::from_secs(5);

#[test]
fn no_send_fails_while_every_instance_is_replaced() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "rolling_upgrade", |_| {});
    let senders = pipeline.senders(CONNECTIONS, (PACE, PATIENT));
    pipeline.patch(&json!({"image": {"name": NEXT_IMAGE}}));
    pipeline.until("runs the next image", |found| {
        let renewed = |role| {
            let pods = pipeline.pods(role);
            pods.len() == 2 && pods.iter().all(|pod| pod.ready && pod.image == NEXT_IMAGE)
        };
        is_settled(found) && renewed("listen") && renewed("transform")
    });
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
