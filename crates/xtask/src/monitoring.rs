//! Alerts and dashboard, as Prometheus reads them: by its promtool, built from its Go module.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use serde_json::Value;

use crate::need::{cache, digest, go, root, run, written};

const ALERTS: &str = "charts/kiln/files/alerts.yaml";
const DASHBOARD: &str = "charts/kiln/files/dashboard.json";
const TESTS: &str = "tests/monitoring/alerts.yaml";

/// Each alert fires for what it is about and for nothing else, and Prometheus can read every expression.
pub(crate) fn stage() -> Result<(), String> {
    let promtool = promtool()?;
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

/// promtool, built once for each state of `tests/monitoring/promtool`; some two minutes on two cores.
fn promtool() -> Result<PathBuf, String> {
    let module = root().join("tests/monitoring/promtool");
    let directory = cache()?.join(format!("promtool-{:016x}", digest(&module.join("go.sum"))?));
    let program = directory.join("promtool");
    let done = directory.join("complete");
    if !done.exists() {
        go()?;
        println!("-- promtool is built; once");
        run(Command::new("go")
            .current_dir(&module)
            .env("CGO_ENABLED", "0")
            .args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false"])
            // Without the clients of all clouds, by which Prometheus finds what to read.
            .args(["-tags", "remove_all_sd", "-ldflags", "-s -w", "-o"])
            .arg(&program)
            .arg("github.com/prometheus/prometheus/cmd/promtool"))
        .map_err(|error| format!("{error}; the Go module proxy must be reachable"))?;
        written(&done)?;
    }
    Ok(program)
}
