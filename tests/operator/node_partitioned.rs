//! Fear: a node is cut off and goes on, so that two do the work of one.

use std::time::Duration;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::IMPATIENT;

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn what_went_on_behind_a_cut_changes_nothing() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "node_partitioned", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, IMPATIENT));
    let node = pipeline.pods("transform").remove(0).node;
    cluster.cut(&node);
    // Its partitions are another's, and what it had begun is not seen by anybody.
    senders.await_each(2);
    pipeline.await_output(&senders);
    cluster.heal(&node);
    senders.await_each(2);
    pipeline.until("is whole again", |_| {
        cluster.is_ready(&node) && pipeline.is_whole()
    });
    pipeline.await_output(&senders);
    pipeline.judge(&senders.stop());
}
