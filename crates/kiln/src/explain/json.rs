//! An explanation for programs.

use kiln_fhir::{Asks, Element, ExplainedResource, Explanation, Identity, SourcePlace};
use serde_json::{Value, json};

use super::Which;

/// One JSON object on a line.
pub(super) fn line(which: &Which<'_>, explanation: &Explanation) -> String {
    let (offset, from) = explanation.offset;
    let line = json!({
        "file": which.input,
        "message": which.number,
        "map": explanation.map,
        "defaultOffset": { "value": offset.to_string(), "from": from.to_string() },
        "resources": explanation.resources.iter().map(resource).collect::<Vec<_>>(),
        "merged": explanation.merged.iter().map(|(kind, id, place)| json!({
            "resourceType": kind,
            "id": id.to_string(),
            "path": place.to_string(),
        })).collect::<Vec<_>>(),
        "issues": explanation.issues.iter().map(|issue| json!({
            "path": issue.path(),
            "place": issue.place(),
            "reason": issue.reason.slug(),
        })).collect::<Vec<_>>(),
        "unused": explanation.unused.iter().map(|unused| json!({
            "path": unused.place.to_string(),
            "value": unused.value,
        })).collect::<Vec<_>>(),
    });
    format!("{line}\n")
}

/// A message that a filter of the site drops.
pub(super) fn dropped(which: &Which<'_>, filter: &str) -> String {
    let line = json!({ "file": which.input, "message": which.number, "droppedBy": filter });
    format!("{line}\n")
}

fn resource(resource: &ExplainedResource) -> Value {
    let (identity, values) = match &resource.identity {
        Identity::Values(places) => ("values", paths(places)),
        Identity::Place => ("place", Vec::new()),
        Identity::Content => ("content", Vec::new()),
    };
    let (request, criteria) = match &resource.asks {
        Asks::Put => ("put", None),
        Asks::CreateIfNoneExist(criteria) => ("create-if-none-exist", Some(criteria)),
        Asks::PutIfNoneMatch => ("put-if-none-match", None),
    };
    json!({
        "resourceType": resource.resource_type,
        "id": resource.id.to_string(),
        "request": request,
        "criteria": criteria,
        "identity": { "by": identity, "paths": values },
        "row": resource.row.as_ref().map(ToString::to_string),
        "elements": resource.elements.iter().map(element).collect::<Vec<_>>(),
    })
}

fn element(element: &Element) -> Value {
    json!({
        "path": element.path,
        "value": serde_json::from_str::<Value>(&element.value).unwrap_or(Value::Null),
        "row": element.row.as_ref().map(ToString::to_string),
        "paths": paths(&element.sources),
        "conditions": paths(&element.conditions),
        "notes": element.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn paths(places: &[SourcePlace]) -> Vec<String> {
    places.iter().map(ToString::to_string).collect()
}
