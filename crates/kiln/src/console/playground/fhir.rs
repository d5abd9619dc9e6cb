//! The resources as JSON, each element with the place it came from.

use kiln_fhir::{Asks, Element, ExplainedResource, Identity, SourcePlace};
use maud::{Markup, html};

use super::links::{dotted, numbers, sources};
use super::work::{Before, Fhir, place};
use crate::console::text::shortened;

/// Characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 300;

pub(super) fn pane(fhir: &Fhir) -> Markup {
    let mut first = 0;
    let resources = fhir.explanation.resources.iter().zip(&fhir.json);
    let numbered: Vec<_> = resources
        .map(|(resource, json)| {
            let number = first;
            first += resource.elements.len();
            (number, resource, json)
        })
        .collect();
    html! {
        nav .contents aria-label="Resources" {
            @for (number, resource, _) in &numbered {
                a href={ "#r" (number) } { (resource.resource_type) }
            }
        }
        @for (number, resource, json) in &numbered {
            section .resource id={ "r" (number) } aria-label=(resource.resource_type) {
                h3 { (resource.resource_type) " " small { (resource.id) } }
                p .about { (asks(&resource.asks)) (identity(&resource.identity)) }
                (lines(*number, resource, json, fhir.before.as_ref()))
            }
        }
    }
}

fn asks(asks: &Asks) -> String {
    match asks {
        Asks::Put => "Put: the message is the authority on it.".to_owned(),
        Asks::CreateIfNoneExist(criteria) => {
            format!("Created if there is none with {criteria}.")
        }
        Asks::PutIfNoneMatch => "Put if there is none with its id.".to_owned(),
    }
}

fn identity(identity: &Identity) -> Markup {
    html! {
        " Id from "
        @match identity {
            Identity::Values(places) => { (links(places)) "." }
            Identity::Place => "the message (MSH-3, MSH-4, MSH-10) and the place in it.",
            Identity::Content => "its identifier, else all that is said of it.",
        }
    }
}

/// The lines of the JSON. The first that holds a value is the type, which is no element; each further one is the next.
fn lines(
    first: usize,
    resource: &ExplainedResource,
    json: &str,
    before: Option<&Before>,
) -> Markup {
    let elements = (first..).zip(&resource.elements).map(Some);
    let mut values = std::iter::once(None).chain(elements);
    html! {
        ol .json {
            @for line in json.lines() {
                @match if holds_value(line) { values.next().flatten() } else { None } {
                    Some((number, element)) => {
                        (value_line(line, number, element, change(resource, element, before)))
                    }
                    None => li { (line) },
                }
            }
        }
    }
}

fn holds_value(line: &str) -> bool {
    !line.trim_end_matches(',').ends_with(['{', '[', '}', ']'])
}

/// What a value was before the overlay, when it was another; empty for one that is new.
fn change<'b>(
    resource: &ExplainedResource,
    element: &Element,
    before: Option<&'b Before>,
) -> Option<&'b str> {
    match before?.get(&place(&resource.id, &element.path)) {
        None => Some(""),
        Some(value) => (*value != element.value).then_some(value),
    }
}

fn value_line(line: &str, number: usize, element: &Element, was: Option<&str>) -> Markup {
    let (key, ending) = around(line, &element.value);
    let told = told(element);
    html! {
        li #{ "e" (number) } .changed[was.is_some()] data-from=(sources(element)) {
            span { (key) span .value { (shortened(&element.value, MAX_VALUE_CHARS)) } (ending) }
            @if let Some(was) = was {
                small .was { @if was.is_empty() { "new" } @else { "was " (shortened(was, MAX_VALUE_CHARS)) } }
            }
            small .from title=(told) {
                @if element.sources.is_empty() {
                    @for note in &element.notes { (note) " " }
                } @else {
                    (links(&element.sources))
                }
            }
        }
    }
}

/// What stands before and behind the value of a line.
fn around<'l>(line: &'l str, value: &str) -> (&'l str, &'l str) {
    let ending = if line.ends_with(',') { "," } else { "" };
    let key = line
        .strip_suffix(ending)
        .and_then(|line| line.strip_suffix(value));
    (key.unwrap_or_default(), ending)
}

/// Where it comes from and what was decided, in one line.
fn told(element: &Element) -> String {
    let mut parts = vec![element.path.clone()];
    if let Some(row) = &element.row {
        parts.push(row.to_string());
    }
    if !element.conditions.is_empty() {
        let places: Vec<String> = element.conditions.iter().map(ToString::to_string).collect();
        parts.push(format!("if {}", places.join(" ")));
    }
    parts.extend(element.notes.iter().map(ToString::to_string));
    parts.join(" · ")
}

/// Places of the message, as links to them.
pub(super) fn links(places: &[SourcePlace]) -> Markup {
    html! {
        @for (n, place) in places.iter().enumerate() {
            @if n > 0 { " " }
            a href={ "#p" (dotted(&numbers(place))) } data-to=(dotted(&numbers(place))) { (place) }
        }
    }
}
