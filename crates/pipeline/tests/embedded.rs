//! The embedded store: the conformance suite, and what a crash between file and transaction leaves.

#![allow(clippy::unwrap_used)]

mod conformance;
mod support;

use std::io::Write;

use kiln_pipeline::store::Stream;
use support::{PATIENCE, Sender, adt, read_all, start};

#[tokio::test(flavor = "multi_thread")]
async fn conforms() {
    let directory = tempfile::tempdir().unwrap();
    conformance::suite(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_reads_each_lane_once_beside_transform() {
    let directory = tempfile::tempdir().unwrap();
    conformance::replaying(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_come_with_what_they_append() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_decide_the_later_has_the_right_to() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding_alone(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zombie_is_fenced_and_its_outputs_are_never_seen() {
    let directory = tempfile::tempdir().unwrap();
    conformance::fencing(&support::config(directory.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retried_goes_to_the_log_of_its_lane() {
    let directory = tempfile::tempdir().unwrap();
    conformance::deciding_in_lanes(&support::config(directory.path())).await;
}

#[tokio::test]
async fn what_was_kept_last_is_found() {
    let directory = tempfile::tempdir().unwrap();
    conformance::last(&support::config(directory.path())).await;
}

#[tokio::test]
async fn lanes_are_apart() {
    let directory = tempfile::tempdir().unwrap();
    conformance::lanes(&support::config(directory.path())).await;
}

#[tokio::test]
async fn lines_that_were_never_committed_are_cut_off() {
    let directory = tempfile::tempdir().unwrap();
    let running = start(support::config(directory.path())).await;
    Sender::connect(&running).await.send(&adt("ONE")).await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    // As a crash after the files were written and before the transaction leaves them.
    for name in ["audit.ndjson", "headers/audit.ndjson"] {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(directory.path().join(name))
            .unwrap();
        file.write_all(b"{\"half\":").unwrap();
    }
    assert_eq!(read_all(directory.path(), Stream::Audit).await.len(), 1);
    let running = start(support::config(directory.path())).await;
    Sender::connect(&running).await.send(&adt("TWO")).await;
    assert!(running.caught_up(PATIENCE).await);
    running.shutdown().await.unwrap();
    assert_eq!(read_all(directory.path(), Stream::Audit).await.len(), 2);
    let text = std::fs::read_to_string(directory.path().join("audit.ndjson")).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(!text.contains("half"));
}
