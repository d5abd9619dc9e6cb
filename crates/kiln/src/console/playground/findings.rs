//! What is to be said of a conversion beside its resources: mistakes, deviations, what was not mapped and not used.

use std::collections::BTreeMap;

use kiln_fhir::{Explanation, MapError};
use kiln_hl7::{Deviation, Message};
use maud::{Markup, html};

use super::fhir::links;
use crate::console::text::shortened;

/// Characters of a value that are shown.
const MAX_VALUE_CHARS: usize = 80;

/// The mistakes of the overlay, by line.
pub(super) fn mistakes(errors: &[MapError]) -> Markup {
    html! {
        section .finding .bad role="alert" {
            h3 { "The overlay has mistakes" }
            p { "Below is what the maps in force make of the message." }
            ul { @for error in errors { li { "line " (error.line) ": " (error.message) } } }
        }
    }
}

/// Where the message is not as the standard has it.
pub(super) fn deviations(message: Message<'_>) -> Markup {
    let mut kinds: BTreeMap<_, (usize, Deviation)> = BTreeMap::new();
    for deviation in message.deviations() {
        kinds.entry(deviation.code).or_insert((0, deviation)).0 += 1;
    }
    html! {
        @if !kinds.is_empty() {
            section .finding {
                h3 { "Not as the standard has it" }
                ul {
                    @for (code, (count, first)) in &kinds {
                        li {
                            (code.description())
                            @if let Some(path) = &first.path { ", " (path) } @else { ", segment " (first.segment + 1) }
                            @if *count > 1 { ", and " (count - 1) " more" }
                        }
                    }
                }
            }
        }
    }
}

/// What was left out, and what was decided.
pub(super) fn left_out(explanation: &Explanation) -> Markup {
    let (offset, from) = explanation.offset;
    html! {
        @if !explanation.issues.is_empty() {
            section .finding .bad {
                h3 { "Could not be mapped" }
                ul { @for issue in &explanation.issues { li { b { (issue.place()) } " " (issue.reason.slug()) } } }
            }
        }
        section .finding {
            h3 { "Not used" }
            @if explanation.unused.is_empty() { p { "Every value was used." } }
            ul {
                @for unused in &explanation.unused {
                    li { (links(&[unused.place])) " " (shortened(&unused.value, MAX_VALUE_CHARS)) }
                }
            }
        }
        section .finding {
            h3 { "Decided" }
            ul {
                li { "Map " (explanation.map) }
                li { "Times that state no offset from UTC have " (offset) ", from " (from) }
                @for (kind, id, place) in &explanation.merged {
                    li { (links(&[*place])) " says " (kind) " " small { (id) } " again: written once" }
                }
            }
        }
    }
}
