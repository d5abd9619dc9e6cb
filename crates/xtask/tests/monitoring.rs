//! That alerts and dashboard speak of metrics that there are, and that each alert has its section of the runbooks.

mod support;

use std::collections::BTreeSet;

use support::read;

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The metrics that METRICS.md explains, which a test of the pipeline holds to the code; of histograms their parts.
fn explained() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in read("crates/pipeline/METRICS.md").lines() {
        let Some((name, rest)) = line
            .strip_prefix("| `")
            .and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        if rest.contains("a histogram") || rest.contains("histograms") {
            names.extend(["_bucket", "_sum", "_count"].map(|part| format!("{name}{part}")));
        } else {
            names.insert(name.to_owned());
        }
    }
    names
}

fn unknown(path: &str) -> Vec<String> {
    let known = explained();
    let text = read(path);
    let names: BTreeSet<&str> = text
        .split(|c| !is_of_name(c))
        .filter(|word| word.starts_with("kiln_") || word.starts_with("process_"))
        .collect();
    assert!(names.len() > 15, "{path} speaks of {} metrics", names.len());
    names
        .into_iter()
        .filter(|name| !known.contains(*name))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_of_alerts_and_dashboard_is_explained() {
    for path in [
        "charts/kiln/files/alerts.yaml",
        "charts/kiln/files/dashboard.json",
    ] {
        assert_eq!(unknown(path), Vec::<String>::new(), "{path}");
    }
}

#[test]
fn every_alert_has_a_runbook_and_fires_in_a_test() {
    let named = |text: &str, before: &str| -> BTreeSet<String> {
        text.split(before)
            .skip(1)
            .filter_map(|rest| rest.split(|c| !is_of_name(c)).next())
            .map(str::to_owned)
            .collect()
    };
    let alerts = named(&read("charts/kiln/files/alerts.yaml"), "- alert: ");
    assert!(alerts.len() > 15);
    assert_eq!(named(&read("docs/runbooks.md"), "\n## "), alerts);
    // Those that are expected to fire stand on a line of their own, with what they say below it.
    let tests = read("tests/monitoring/alerts.yaml");
    assert_eq!(named(&tests, "- alertname: "), alerts);
}
