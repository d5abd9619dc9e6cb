//! Fear: a node loses its power, and everything waits for Kubernetes to believe it.

use std::time::Duration;

use crate::cluster::cluster;
use crate::pipeline::Pipeline;
use crate::senders::{IMPATIENT, resumed};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(250);

#[test]
fn senders_go_on_and_messages_come_out_while_a_node_is_dark() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "node_power_loss", |_| {});
    let senders = pipeline.senders(FEEDS, (PACE, IMPATIENT));
    let node = pipeline.pods("listen").remove(0).node;
    let fault = cluster.power_off(&node);
    senders.await_each(2);
    pipeline.await_output(&senders);
    println!(
        "a node is dark: output after {:.1} s",
        fault.elapsed().as_secs_f64()
    );
    cluster.power_on(&node);
    pipeline.until("is whole again", |_| {
        cluster.is_ready(&node) && pipeline.is_whole()
    });
    senders.await_each(2);
    let sent = senders.stop();
    println!("resumed after {:.1} s", resumed(&sent, fault).as_secs_f64());
    pipeline.judge(&sent);
}
