//! What `/metrics` says, and the page about it.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use kiln_pipeline::Described;
use support::{PATIENCE, Sender, adt, config, field, metric, start};

/// A row of the page's tables that is about a metric: its name and its labels.
fn row(line: &str) -> Option<Described> {
    let mut cells = line.split('|').map(str::trim).skip(1);
    let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    let labels = cells.next()?.split(", ").filter(|label| !label.is_empty());
    Some(Described {
        name: name.to_owned(),
        labels: labels.map(str::to_owned).collect(),
    })
}

#[tokio::test]
async fn every_metric_is_explained_with_its_labels_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let overlay = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.overlay = Some(overlay.path().to_owned());
    let keys = overlay.path().with_extension("keys");
    std::fs::write(&keys, "00".repeat(32)).unwrap();
    config.key_file = Some(keys.clone());
    let running = start(config).await;
    let registered: BTreeSet<Described> = running.described_metrics().into_iter().collect();
    running.shutdown().await.unwrap();
    let explained: BTreeSet<Described> = include_str!("../METRICS.md")
        .lines()
        .filter_map(row)
        .collect();
    assert_eq!(explained, registered);
}

#[tokio::test]
async fn names_are_as_prometheus_has_them() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    assert_eq!(field(&sender.send(&adt("A")).await, "MSA", 1), "AA");
    assert!(running.caught_up(PATIENCE).await);
    let text = running.metrics_text();
    running.shutdown().await.unwrap();
    // https://prometheus.io/docs/practices/naming: base units, counters end in _total and nothing else does.
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
        for unit in ["_ms", "_milliseconds", "_kb", "_percent"] {
            assert!(!name.ends_with(unit), "{line}");
        }
    }
}

#[tokio::test]
async fn a_message_shows_on_its_way() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(config(directory.path())).await;
    let mut sender = Sender::connect(&running).await;
    for n in 0..3 {
        let answer = sender.send(&adt(&format!("M{n}"))).await;
        assert_eq!(field(&answer, "MSA", 1), "AA");
    }
    assert!(running.caught_up(PATIENCE).await);
    for (series, value) in [
        ("kiln_listen_connections{listener=\"mllp\"}", 1),
        ("kiln_listen_in_flight_messages{listener=\"mllp\"}", 0),
        ("kiln_listen_ack_seconds_count{listener=\"mllp\"}", 3),
        ("kiln_listen_store_seconds_count{listener=\"mllp\"}", 3),
        ("kiln_listen_message_bytes_count{listener=\"mllp\"}", 3),
        ("kiln_transform_messages_total{lane=\"interactive\"}", 3),
        ("kiln_transform_lag_messages{lane=\"interactive\"}", 0),
        ("kiln_transform_lag_seconds{lane=\"interactive\"}", 0),
    ] {
        assert_eq!(metric(&running, series), value, "{series}");
    }
    let last = metric(&running, "kiln_listen_last_message_timestamp_seconds");
    let success = metric(&running, "kiln_transform_last_success_timestamp_seconds");
    assert!(last > 1_700_000_000 && success >= last);
    running.shutdown().await.unwrap();
}
