//! Fear: the morning's results come before the instances that they need.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);
const MINUTES_OF_A_DAY: u64 = 24 * 60;

#[test]
fn instances_are_there_when_a_peak_that_is_known_begins() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "scheduled_peak", |spec| {
        spec["listen"]["replicas"] = json!(1);
    });
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a clock")
        .as_secs()
        / 60;
    let time = |minute: u64| {
        let minute = minute % MINUTES_OF_A_DAY;
        format!("{:02}:{:02}", minute / 60, minute % 60)
    };
    pipeline.patch(&json!({"listen": {"scaling": {
        "minReplicas": 1, "maxReplicas": 2, "ackMilliseconds": 60_000,
        "schedules": [{"name": "morning-results", "from": time(now), "to": time(now + 60), "minReplicas": 2}],
    }}}));
    let grown = pipeline.until("has the instances of its peak", |found| {
        found["status"]["listen"]["readyReplicas"] == 2
    });
    let reason = grown["status"]["listen"]["reason"]
        .as_str()
        .unwrap_or_default();
    assert!(reason.contains("morning-results"), "{reason}");
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
