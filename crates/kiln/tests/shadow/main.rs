//! `kiln shadow` beside a running pipeline.

#![allow(clippy::unwrap_used)]

#[cfg(feature = "kafka-tests")]
mod live;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Served, kiln, text};

/// A directory of maps with one file.
fn overlay(root: &Path, maps: &str) -> PathBuf {
    let overlay = root.join("new");
    std::fs::create_dir_all(&overlay).unwrap();
    std::fs::write(overlay.join("site.yaml"), maps).unwrap();
    overlay
}

fn shadow(root: &Path, overlay: &Path, http: &str) -> Command {
    let mut command = kiln();
    command
        .args(["shadow", "--into", "new-maps", "--http", http, "--config"])
        .arg(root.join("kiln.yaml"))
        .arg("--overlay")
        .arg(overlay);
    command
}

#[test]
fn maps_that_are_wrong_are_refused_with_their_place() {
    let root = tempfile::tempdir().unwrap();
    // Nobody is asked: the maps are read first.
    let config = "store:\n  kafka:\n    brokers: [\"127.0.0.1:1\"]\nlisteners:\n  - name: mllp\n    address: 127.0.0.1:0\n";
    std::fs::write(root.path().join("kiln.yaml"), config).unwrap();
    let wrong = overlay(root.path(), "map: Nonsense\ncodes: 7\n");
    let output = shadow(root.path(), &wrong, "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("site.yaml:"), "{error}");
}

#[test]
fn an_embedded_store_is_refused_with_what_to_do_instead() {
    let root = tempfile::tempdir().unwrap();
    let served = Served::start(root.path());
    let new = overlay(root.path(), "map: AdministrativeSex\ncodes:\n  W: female\n");
    let output = shadow(root.path(), &new, "127.0.0.1:0").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    for word in ["kiln.yaml", "embedded", "kiln replay --overlay DIR --diff"] {
        assert!(error.contains(word), "{error}");
    }
    assert_eq!(served.terminate(), Some(0));
}
