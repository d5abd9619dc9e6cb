//! Many pipelines on one operator: that they settle, and what that costs. `KILN_TEST_PIPELINES` says how many.
#![allow(clippy::unwrap_used)]

mod cluster {
    pub(crate) mod calls;
    pub(crate) mod instance;
    pub(crate) mod site;
}
mod support;

use std::time::{Duration, Instant};

use cluster::site::{Site, site};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kiln_operator::api::Hl7Pipeline;
use kube::Api;
use kube::api::ListParams;
use serde_json::json;
use support::least;

/// In the stage.
const PIPELINES: u32 = 50;
/// What a slow machine needs for each.
const EACH: Duration = Duration::from_secs(2);
/// What an operator may ask the API server for a pipeline until it has settled: eight passes of eleven objects and four readings. A
/// pass is woken by what the cluster's controllers report of each object, so that a quick cluster wakes more than a busy one, which
/// reports several at once.
const CALLS_EACH: u64 = 8 * (11 + 4);
/// What an operator may keep of a pipeline.
const KIB_EACH: u64 = 256;

#[tokio::test]
async fn many_pipelines_settle_within_bounds_and_a_new_operator_writes_nothing() {
    let given = std::env::var("KILN_TEST_PIPELINES").ok();
    let count = given.map_or(PIPELINES, |count| count.parse().unwrap());
    let within = EACH * count;
    let site = site("many").await;
    // Without instances: what their pods cost is the cluster's.
    let mut spec = least();
    spec["listen"] = json!({"replicas": 0});
    spec["transform"] = json!({"replicas": 0});
    let names: Vec<String> = (0..count).map(|at| format!("pipeline-{at}")).collect();
    stream::iter(&names)
        .map(|name| site.create(name, &spec))
        .buffer_unordered(8)
        .try_collect::<()>()
        .await
        .unwrap();

    let (before, started) = (resident_kib(), Instant::now());
    let operator = site.operate().await;
    site.until_within(within, "all have settled", || settled(&site))
        .await;
    let took = started.elapsed();
    operator.stop().await;
    let (asked, wrote) = (site.calls().of("GET"), site.calls().of("PATCH"));
    let grown = resident_kib().saturating_sub(before);

    // What a new operator applies changes nothing.
    let versions = site.all_versions().await;
    let objects = versions.len() as u64 - u64::from(count);
    let operator = site.operate().await;
    site.until_within(within, "all are applied again", || async {
        site.calls().of("PATCH") - wrote >= objects
    })
    .await;
    operator.stop().await;
    assert_eq!(site.all_versions().await, versions);

    println!(
        "{count} pipelines of {} objects settled in {:.1} s with {wrote} writes and {asked} reads; this process, a debug \
         build, grew by {grown} KiB",
        objects / u64::from(count),
        took.as_secs_f64(),
    );
    let count = u64::from(count);
    assert!(asked + wrote <= CALLS_EACH * count, "{asked} + {wrote}");
    assert!(grown <= KIB_EACH * count, "{grown} KiB");
}

async fn settled(site: &Site) -> bool {
    let pipelines: Api<Hl7Pipeline> = site.all();
    let found = pipelines.list(&ListParams::default()).await.unwrap();
    found.iter().all(|pipeline| {
        let status = pipeline.status.clone().unwrap_or_default();
        let mut conditions = status.conditions.iter();
        conditions.any(|known| known.type_ == "Progressing" && known.reason == "Settled")
    })
}

/// Memory of this process, in which the operator runs.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}
