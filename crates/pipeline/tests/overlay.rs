//! A site's overlay while messages flow: on the embedded store, its directory laid out as Kubernetes lays out a `ConfigMap`.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Instant;

use kiln_fhir::MapSource;
use kiln_pipeline::config::Config;
use kiln_pipeline::mapping::InForce;
use kiln_pipeline::record::header;
use kiln_pipeline::store::Stream;
use kiln_pipeline::{Pipeline, RunningPipeline};
use support::{PATIENCE, Sender, adt, config, field, http, read_all, start};

/// Puts a version of the overlay in place by one rename.
fn put(directory: &Path, version: usize, text: &str) {
    let data = format!("..{version}");
    fs::create_dir(directory.join(&data)).unwrap();
    fs::write(directory.join(&data).join("site.yaml"), text).unwrap();
    let next = directory.join("..next");
    symlink(&data, &next).unwrap();
    fs::rename(&next, directory.join("..data")).unwrap();
    let file = directory.join("site.yaml");
    if !file.is_symlink() {
        symlink("..data/site.yaml", file).unwrap();
    }
}

/// Two elements of one resource say which version wrote them.
fn version(n: usize) -> String {
    format!(
        "map: PID[Patient]\nrows:\n  - {{ from: PID-8, to: implicitRules, value: 'urn:version:{n}' }}\n  \
         - {{ from: PID-8, to: language, value: 'v{n}' }}\n"
    )
}

fn overlaid(directory: &Path, overlay: &Path) -> Config {
    let mut config = config(directory);
    config.overlay = Some(overlay.to_owned());
    config
}

/// Sends until the state of the maps is as wanted, and a few more.
async fn send_until(
    running: &RunningPipeline,
    sender: &mut Sender,
    sent: &mut usize,
    wanted: impl Fn(&InForce) -> bool,
) {
    let started = Instant::now();
    let mut more = 20;
    while more > 0 {
        let answer = sender.send(&adt(&format!("N{sent}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
        *sent += 1;
        if wanted(&running.mapping().in_force()) {
            more -= 1;
        }
        assert!(started.elapsed() < PATIENCE, "the overlay was not judged");
    }
}

#[tokio::test]
async fn an_overlay_is_renewed_under_load_without_a_lost_or_half_mapped_message() {
    let directory = tempfile::tempdir().unwrap();
    let overlay = tempfile::tempdir().unwrap();
    put(overlay.path(), 0, &version(0));
    let running = Pipeline::start(
        overlaid(directory.path(), overlay.path()),
        support::mapper(),
    )
    .await
    .unwrap();
    // The version that the headers of records written under each overlay have.
    let versions: BTreeMap<String, usize> = (0..4)
        .map(|n| {
            let text = version(n);
            let source = MapSource {
                path: "site.yaml",
                text: &text,
            };
            let mapper = support::mapper().overlaid(&[source]).unwrap();
            (mapper.version().to_owned(), n)
        })
        .collect();
    let of = |state: &InForce| versions.get(state.mapper.version()).copied();
    let mut sender = Sender::connect(&running).await;
    let mut sent = 0;
    send_until(&running, &mut sender, &mut sent, |state| {
        of(state) == Some(0)
    })
    .await;
    put(overlay.path(), 1, &version(1));
    send_until(&running, &mut sender, &mut sent, |state| {
        of(state) == Some(1)
    })
    .await;
    // A wrong one leaves the one before it in force, and says why.
    put(
        overlay.path(),
        2,
        "map: PID[Patient]\nrows:\n  - { from: PID-8, to: gendre, as: code }\n",
    );
    send_until(&running, &mut sender, &mut sent, |state| {
        state.rejected.is_some()
    })
    .await;
    let state = running.mapping().in_force();
    assert_eq!(of(&state), Some(1));
    let why = state.rejected.unwrap().to_string();
    assert!(
        why.ends_with(
            "site.yaml:3: `to: gendre`: Patient has no element `gendre`; did you mean `gender`?"
        ),
        "{why}"
    );
    assert!(
        http(&running, "GET", "/readyz")
            .await
            .1
            .contains("did you mean `gender`?")
    );
    assert!(
        http(&running, "GET", "/metrics")
            .await
            .1
            .contains("kiln_mapping_overlay_rejected 1")
    );
    put(overlay.path(), 3, &version(3));
    send_until(&running, &mut sender, &mut sent, |state| {
        of(state) == Some(3)
    })
    .await;
    assert!(running.mapping().in_force().rejected.is_none());
    assert!(running.caught_up(PATIENCE).await);
    assert!(running.tally().dead.is_empty());
    running.shutdown().await.unwrap();

    let mut seen = BTreeSet::new();
    let mut last = 0;
    let patients = read_all(directory.path(), Stream::Fhir).await;
    assert_eq!(patients.len(), sent);
    for (n, record) in patients.iter().enumerate() {
        assert_eq!(record.header(header::CONTROL_ID), format!("N{n}"));
        let version = versions[record.header(header::MAPPING)];
        let json: serde_json::Value = serde_json::from_slice(&record.value).unwrap();
        assert_eq!(json["implicitRules"], format!("urn:version:{version}"));
        assert_eq!(json["language"], format!("v{version}"));
        assert!(version >= last, "an older version after a newer one");
        last = version;
        seen.insert(version);
    }
    assert_eq!(seen, BTreeSet::from([0, 1, 3]));
}

#[tokio::test]
async fn a_wrong_overlay_at_the_start_starts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let overlay = tempfile::tempdir().unwrap();
    fs::write(overlay.path().join("a.yaml"), "timeZone: here\n").unwrap();
    let config = overlaid(directory.path(), overlay.path());
    let error = Pipeline::start(config, support::mapper())
        .await
        .err()
        .unwrap();
    assert!(
        error
            .to_string()
            .contains("a.yaml:1: `timeZone: here` is no offset"),
        "{error}"
    );
    let absent = overlaid(directory.path(), &overlay.path().join("absent"));
    let error = Pipeline::start(absent, support::mapper())
        .await
        .err()
        .unwrap();
    assert!(
        error.to_string().contains("absent cannot be read"),
        "{error}"
    );
}

#[tokio::test]
async fn what_a_filter_drops_is_counted_and_audited() {
    let directory = tempfile::tempdir().unwrap();
    let overlay = tempfile::tempdir().unwrap();
    let filter = "filters:\n  - { name: training, drop: 'MSH-11 EQUALS \"T\"' }\n";
    fs::write(overlay.path().join("filters.yml"), filter).unwrap();
    let running = Pipeline::start(
        overlaid(directory.path(), overlay.path()),
        support::mapper(),
    )
    .await
    .unwrap();
    let mut sender = Sender::connect(&running).await;
    let training = String::from_utf8(adt("T1"))
        .unwrap()
        .replace("|P|2.5", "|T|2.5");
    assert_eq!(
        field(&sender.send(training.as_bytes()).await, "MSA", 1),
        "AA"
    );
    assert_eq!(field(&sender.send(&adt("P1")).await, "MSA", 1), "AA");
    assert!(running.caught_up(PATIENCE).await);
    let metrics = running.metrics_text();
    assert!(
        metrics.contains("kiln_transform_dropped_total{filter=\"training\"} 1"),
        "{metrics}"
    );
    running.shutdown().await.unwrap();
    assert_eq!(read_all(directory.path(), Stream::Fhir).await.len(), 1);
    assert!(read_all(directory.path(), Stream::Dead).await.is_empty());
    let audit = support::received(directory.path()).await;
    let event: serde_json::Value = serde_json::from_slice(&audit[0].value).unwrap();
    assert_eq!(event["outcome"], "0");
    assert_eq!(event["outcomeDesc"], "dropped by the filter training");
    assert_eq!(audit.len(), 2);
}

#[tokio::test]
async fn without_an_overlay_readiness_tells_the_version() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let version = running.mapping().mapper().version().to_owned();
    assert!(
        http(&running, "GET", "/readyz")
            .await
            .1
            .contains(&format!("\"version\":\"{version}\""))
    );
    running.shutdown().await.unwrap();
}
