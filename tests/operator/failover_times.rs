//! How long senders wait after a fault: from the fault until the last of them has an acknowledgement again.
//!
//! `cargo xtask failover` prints it, over as many faults as it is told. No suite: what it takes depends on the machine.

use std::env;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::cluster::{Cluster, cluster, kill};
use crate::pipeline::{Pipeline, Pod};
use crate::senders::{IMPATIENT, resumed};

const FEEDS: usize = 8;
const PACE: Duration = Duration::from_millis(50);

#[test]
#[ignore = "measures; run `cargo xtask failover`"]
fn of_a_pod_that_is_killed() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "times_pod_killed", |_| {});
    measure("a pod is killed", &mut cluster, &pipeline, |_, pod| {
        kill(&pod.uid);
        Instant::now()
    });
}

#[test]
#[ignore = "measures; run `cargo xtask failover`"]
fn of_a_node_that_loses_its_power() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "times_power_loss", |_| {});
    measure(
        "a node loses its power",
        &mut cluster,
        &pipeline,
        |cluster, pod| cluster.power_off(&pod.node),
    );
}

#[test]
#[ignore = "measures; run `cargo xtask failover`"]
fn of_an_active_instance_that_is_killed() {
    let mut cluster = cluster();
    let pipeline = Pipeline::start(&cluster, "times_standby", |spec| {
        spec["availability"] = json!({"mode": "ActiveStandby"});
    });
    measure(
        "the active of a standby is killed",
        &mut cluster,
        &pipeline,
        |_, pod| {
            kill(&pod.uid);
            Instant::now()
        },
    );
}

/// Strikes an instance of listen that has connections, again and again, and prints how long senders waited.
fn measure(
    what: &str,
    cluster: &mut Cluster,
    pipeline: &Pipeline,
    fault: impl Fn(&mut Cluster, &Pod) -> Instant,
) {
    let rounds = env::var("KILN_TEST_ROUNDS").map_or(2, |rounds| rounds.parse().expect("a number"));
    let senders = pipeline.senders(FEEDS, (PACE, IMPATIENT));
    let mut faults = Vec::new();
    for round in 0..rounds {
        let pods = pipeline.pods("listen");
        let active = pods.iter().find(|pod| pod.active);
        let struck = active.unwrap_or(&pods[round % pods.len()]).clone();
        faults.push(fault(cluster, &struck));
        senders.await_each(2);
        cluster.restore();
        // One that was killed again and again is started ever later; each round strikes another.
        pipeline.run(&[
            "delete",
            "pod",
            &struck.name,
            "--wait=false",
            "--ignore-not-found",
        ]);
        pipeline.until("is whole again", |_| pipeline.is_whole());
        senders.await_each(2);
    }
    let sent = senders.stop();
    let mut times: Vec<u128> = faults
        .iter()
        .map(|fault| resumed(&sent, *fault).as_millis())
        .collect();
    times.sort_unstable();
    // By the nearest rank.
    let percentile = |percent: usize| times[(times.len() * percent).div_ceil(100) - 1];
    println!(
        "{what}: {} faults, until all of {FEEDS} senders are acknowledged again: p50 {} ms, p99 {} ms",
        times.len(),
        percentile(50),
        percentile(99),
    );
    pipeline.judge(&sent);
}
