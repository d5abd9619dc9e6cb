//! Fear: pipelines stand still without the API server.

use std::time::Duration;

use serde_json::json;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn senders_notice_nothing_and_changes_go_on_when_it_is_back() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "api_server_down", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    cluster.kill_api();
    // Some fifteen seconds of traffic: longer than an operator leads without it.
    senders.await_each(60);
    pipeline.await_output(&senders);
    cluster.start_api_again();
    pipeline.patch(&json!({"transform": {"replicas": 3}}));
    pipeline.until("has a third instance", |found| {
        found["status"]["transform"]["readyReplicas"] == 3
    });
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
