//! Fear: a pipeline that is deleted takes messages with it.

use std::time::Duration;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::PATIENT;

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn what_was_acknowledged_before_comes_out_of_the_next_one_at_the_latest() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "pipeline_deleted", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, PATIENT));
    pipeline.delete();
    let sent = senders.stop();
    // The topics stay: another of the same name goes on where this one ended.
    pipeline.create();
    pipeline.judge(&sent);
}
