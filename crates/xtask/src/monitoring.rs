//! Alerts and dashboard, as Prometheus reads them: by its own programs, built from its Go module.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use serde_json::Value;

use crate::{
    go::Programs,
    need::{root, run},
};

/// Some three minutes on two cores.
const PROGRAMS: Programs = Programs {
    module: "tests/monitoring/prometheus",
    // Without the clients of all clouds, by which Prometheus finds what to read.
    tags: "remove_all_sd",
    flags: "",
    packages: &[
        ("promtool", "github.com/prometheus/prometheus/cmd/promtool"),
        (
            "prometheus",
            "github.com/prometheus/prometheus/cmd/prometheus",
        ),
    ],
};

/// Prometheus itself.
pub(crate) fn prometheus() -> Result<PathBuf, String> {
    Ok(PROGRAMS.directory()?.join("prometheus"))
}

const ALERTS: &str = "charts/kiln/files/alerts.yaml";
const DASHBOARD: &str = "charts/kiln/files/dashboard.json";
const TESTS: &str = "tests/monitoring/alerts.yaml";

/// Each alert fires for what it is about and for nothing else, and Prometheus can read every expression.
pub(crate) fn stage() -> Result<(), String> {
    let promtool = PROGRAMS.directory()?.join("promtool");
    let directory = tempfile::tempdir().map_err(|error| format!("a directory: {error}"))?;
    let dashboard = directory.path().join("dashboard.yaml");
    fs::write(&dashboard, as_rules(&expressions()?))
        .map_err(|error| format!("{}: {error}", dashboard.display()))?;
    run(Command::new(&promtool)
        .current_dir(root())
        .args(["check", "rules", ALERTS])
        .arg(&dashboard))?;
    run(Command::new(&promtool)
        .current_dir(root())
        .args(["test", "rules", TESTS]))
}

/// What the dashboard asks, with what Grafana puts in place of its variables.
fn expressions() -> Result<Vec<String>, String> {
    let text = fs::read_to_string(root().join(DASHBOARD))
        .map_err(|error| format!("{DASHBOARD}: {error}"))?;
    let dashboard: Value =
        serde_json::from_str(&text).map_err(|error| format!("{DASHBOARD}: {error}"))?;
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let expressions: Vec<String> = list(&dashboard, "panels")
        .iter()
        .flat_map(|panel| list(panel, "targets"))
        .filter_map(|target| Some(target["expr"].as_str()?.to_owned()))
        .map(|expression| {
            expression
                .replace("$job", ".*")
                .replace("$__rate_interval", "1m")
        })
        .collect();
    if expressions.is_empty() {
        return Err(format!("{DASHBOARD}: no panel asks anything"));
    }
    Ok(expressions)
}

/// Expressions in a file of rules; what is JSON is YAML too.
fn as_rules(expressions: &[String]) -> String {
    let mut text = "groups:\n  - name: dashboard\n    rules:\n".to_owned();
    for (number, expression) in expressions.iter().enumerate() {
        let expression = Value::from(expression.as_str());
        // A String takes whatever is written to it.
        let _ = writeln!(
            text,
            "      - {{ record: \"panel:{number}\", expr: {expression} }}"
        );
    }
    text
}
