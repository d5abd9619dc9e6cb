//! Fear: an upgrade of the operator is felt by pipelines.

use std::time::Duration;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{PATIENT, repeated};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn senders_and_instances_notice_nothing() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "chart_upgraded", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    let uids = |role| -> Vec<String> {
        let pods = pipeline.pods(role).into_iter();
        pods.map(|pod| pod.uid).collect()
    };
    let before = (uids("listen"), uids("transform"));
    cluster.upgrade(&["--set=replicas=3", "--set=logLevel=debug"]);
    senders.await_each(2);
    assert_eq!((uids("listen"), uids("transform")), before);
    cluster.upgrade(&["--set=replicas=2", "--set=logLevel=info"]);
    senders.await_each(2);
    let sent = senders.stop();
    pipeline.judge(&sent);
    assert_eq!(repeated(&sent), [""; 0], "sends that had to be repeated");
}
