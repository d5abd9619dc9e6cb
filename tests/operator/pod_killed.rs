//! Fear: an instance dies, and its senders wait.

use std::time::{Duration, Instant};

use crate::cluster::{cluster, kill};
use crate::pipeline::Pipeline;
use crate::senders::IMPATIENT;

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn senders_of_a_killed_instance_go_on_with_another() {
    let cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "pod_killed", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, IMPATIENT));
    for role in ["listen", "transform"] {
        let killed = pipeline.pods(role).remove(0);
        let at = Instant::now();
        kill(&killed.uid);
        senders.await_each(10);
        pipeline.await_output(&senders);
        println!(
            "{role} was killed: output after {:.1} s",
            at.elapsed().as_secs_f64()
        );
        pipeline.until("is whole again", |_| pipeline.is_whole());
    }
    pipeline.judge(&senders.stop());
}
