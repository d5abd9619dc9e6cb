//! What `kubectl kiln` says, from the status that the operator keeps. Pure.

use std::fmt::Write as _;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt as _;

use crate::api::{Area, Hl7Pipeline, Hl7PipelineStatus, RoleStatus};

/// One line for each pipeline: whether it is ready, its instances, its scorecard, and what it says.
pub fn status(pipelines: &[Hl7Pipeline]) -> String {
    let mut rows = vec![
        [
            "PIPELINE",
            "READY",
            "LISTEN",
            "TRANSFORM",
            "SCORECARD",
            "SAYS",
        ]
        .map(str::to_owned),
    ];
    for pipeline in pipelines {
        let status = pipeline.status.clone().unwrap_or_default();
        let instances =
            |role: &RoleStatus| format!("{}/{}", role.ready_replicas, role.desired_replicas);
        let said = first(&status);
        rows.push([
            format!(
                "{}/{}",
                pipeline.namespace().unwrap_or_default(),
                pipeline.name_any()
            ),
            condition(&status, "Ready").map_or("Unknown".to_owned(), |ready| ready.status.clone()),
            instances(&status.listen),
            instances(&status.transform),
            status.scorecard.summary.clone(),
            said.map_or_else(|| NOT_SEEN.to_owned(), |said| said.message.clone()),
        ]);
    }
    table(&rows)
}

/// The cause of what is wrong first, and what to do, for one pipeline.
pub fn why(pipeline: &Hl7Pipeline) -> String {
    let status = pipeline.status.clone().unwrap_or_default();
    let mut text = match first(&status) {
        None => format!("{NOT_SEEN}\n"),
        Some(said) => format!(
            "{} is {} since {}: {}\n{}\n",
            said.type_, said.status, said.last_transition_time.0, said.reason, said.message
        ),
    };
    if status.observed_generation < pipeline.metadata.generation {
        text += "The last change of the spec was not acted on yet.\n";
    }
    for (role, known) in [("listen", &status.listen), ("transform", &status.transform)] {
        if !known.reason.is_empty() {
            let _ = writeln!(text, "{role}: {}", known.reason);
        }
    }
    text
}

/// Every check of readiness, each that does not pass with its fix.
pub fn scorecard(pipeline: &Hl7Pipeline) -> String {
    let card = pipeline.status.clone().unwrap_or_default().scorecard;
    if card.checks.is_empty() {
        return format!("{NOT_SEEN}\n");
    }
    let mut text = format!("{} checks pass\n", card.summary);
    for (area, title) in [
        (Area::Resilience, "Resilience"),
        (Area::Security, "Security"),
        (Area::Operation, "Operation"),
    ] {
        let _ = writeln!(text, "\n{title}");
        for check in card.checks.iter().filter(|check| check.area == area) {
            let mark = if check.passed { "yes" } else { "no " };
            let _ = writeln!(text, "  {mark}  {}", check.name);
            if let Some(fix) = &check.fix {
                let _ = writeln!(text, "       {fix}");
            }
        }
    }
    text
}

const NOT_SEEN: &str = "the operator has not looked at it yet; `kubectl get pods -A -l app.kubernetes.io/name=kiln-operator` shows whether one runs";

/// What to hear first: what keeps the rest from being so, then whether it serves, then whether a change is stuck.
fn first(status: &Hl7PipelineStatus) -> Option<&Condition> {
    let wrong = |kind, reason: Option<&str>| {
        condition(status, kind).filter(|known| {
            known.status == "False" && reason.is_none_or(|reason| known.reason == reason)
        })
    };
    wrong("Applied", None)
        .or_else(|| wrong("Ready", None))
        .or_else(|| wrong("Progressing", Some("Stuck")))
        .or_else(|| condition(status, "Ready"))
}

fn condition<'a>(status: &'a Hl7PipelineStatus, kind: &str) -> Option<&'a Condition> {
    let mut conditions = status.conditions.iter();
    conditions.find(|known| known.type_ == kind)
}

/// Columns as wide as their widest cell; the last one runs on.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    };
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let width = if column + 1 == N {
                0
            } else {
                width(column) + 2
            };
            let _ = write!(text, "{cell:width$}");
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    text
}
