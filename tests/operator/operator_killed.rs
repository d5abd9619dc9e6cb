//! Fear: pipelines stand still without their operator.

use std::time::Duration;

use serde_json::json;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn senders_notice_nothing_and_the_next_operator_goes_on() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "operator_killed", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    cluster.kill_operators();
    senders.await_each(2);
    pipeline.patch(&json!({"transform": {"replicas": 3}}));
    pipeline.until("has a third instance", |found| {
        found["status"]["transform"]["readyReplicas"] == 3
    });
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
