//! The page of the playground.

use axum::Extension;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use kiln_hl7::{Index, Message};
use maud::{Markup, html};
use serde::Deserialize;

use super::links::Links;
use super::work::{self, Became, Pasted, Trial};
use super::{fhir, findings, message};
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::refusal::Refusal;
use crate::console::routes::Console;
use crate::fixtures::FIXTURES;

pub(in crate::console) const PATH: &str = "/playground";

/// The message that is there at first.
const FIRST: &str = "oru-r01-point-of-care-glucose.hl7";
/// What an overlay looks like, for who has not seen one.
const OVERLAY_HINT: &str =
    "map: \"PID[Patient]\"\nrows:\n  - { from: PID-5.2, to: \"name[1].text\", as: string }";

#[derive(Deserialize)]
pub(in crate::console) struct Example {
    example: Option<String>,
}

/// An example, that of the query or the first.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Query(Example { example }): Query<Example>,
) -> Response {
    let name = example.as_deref().unwrap_or(FIRST);
    let bytes = FIXTURES.iter().find(|(known, _)| *known == name);
    let message = bytes.map_or(String::new(), |(_, bytes)| text(bytes));
    let pasted = Asked {
        message,
        overlay: String::new(),
    };
    page(&console, &visitor, pasted, name).await
}

#[derive(Deserialize)]
pub(in crate::console) struct Asked {
    message: String,
    #[serde(default)]
    overlay: String,
}

/// What was pasted.
pub(in crate::console) async fn convert(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Posted(asked): Posted<Asked>,
) -> Response {
    page(&console, &visitor, asked, "").await
}

async fn page(console: &Console, visitor: &Visitor, asked: Asked, example: &str) -> Response {
    let Ok(permit) = console.conversions.clone().try_acquire_owned() else {
        return Refusal::Busy.into_response();
    };
    let form = form(visitor, &asked, example);
    let mapper = console.workings.mapping.mapper();
    let default_offset = console.workings.config.time_zone();
    let converting = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let trial = Trial {
            message: &asked.message,
            overlay: &asked.overlay,
            default_offset,
        };
        result(&mapper, &trial)
    });
    let Ok(result) = converting.await else {
        return Refusal::Busy.into_response();
    };
    let content = html! {
        h1 { "Playground" }
        p { "Paste a message and see the FHIR it becomes. Point at a value, on either side, to see where it comes from or goes to. Nothing is kept." }
        (form)
        div #result { (result) }
    };
    frame::page("Playground", PATH, visitor, &content).into_response()
}

fn form(visitor: &Visitor, asked: &Asked, example: &str) -> Markup {
    html! {
        form .examples method="get" action=(PATH) {
            label for="example" { "Example" }
            select #example name="example" {
                @for (name, _) in FIXTURES { option selected[*name == example] { (name) } }
            }
            button { "Load" }
        }
        form #trial method="post" action=(PATH) {
            (frame::token(visitor))
            div {
                label for="message" { "HL7v2 message" }
                textarea #message name="message" rows="8" spellcheck="false" autocomplete="off" wrap="off" { "\n" (asked.message) }
            }
            div {
                label for="overlay" { "Overlay " small { "YAML over the maps in force" } }
                textarea #overlay name="overlay" rows="8" spellcheck="false" autocomplete="off" wrap="off" placeholder=(OVERLAY_HINT) { "\n" (asked.overlay) }
            }
            p {
                button { "Convert" }
                output #state for="message overlay" {}
            }
        }
    }
}

fn result(mapper: &kiln_fhir::Mapper, trial: &Trial<'_>) -> Markup {
    let pasted = match Pasted::of(trial.message) {
        Ok(pasted) => pasted,
        Err(why) => return wrong("This is no HL7v2 message", &why),
    };
    let mut index = Index::new();
    let message = match Message::parse(&pasted.bytes, &mut index) {
        Ok(message) => message,
        Err(why) => return wrong("This is no HL7v2 message", &why.to_string()),
    };
    let (tried, mistakes) = match work::tried(mapper, trial) {
        Ok(tried) => (tried, Vec::new()),
        Err(mistakes) => (None, mistakes),
    };
    let became = work::became(message, mapper, tried.as_ref(), trial.default_offset);
    let converted = match &became {
        Became::Fhir(fhir) => Some(fhir),
        _ => None,
    };
    let links = converted.map(|fhir| Links::of(&fhir.explanation));
    html! {
        @if !mistakes.is_empty() { (findings::mistakes(&mistakes)) }
        (about(&pasted))
        p #pointed aria-hidden="true" { "\u{a0}" }
        div .panes {
            section .pane aria-labelledby="hl7" tabindex="0" {
                h2 #hl7 { "HL7v2" }
                (message::pane(message, links.as_ref()))
            }
            section .pane aria-labelledby="fhir" tabindex="0" {
                h2 #fhir { "FHIR R4" }
                @match &became {
                    Became::Fhir(fhir) => (fhir::pane(fhir)),
                    Became::Dropped(filter) => p { "Dropped by the site's filter " b { (filter) } "." },
                    Became::Dead(why) => p role="alert" { "A dead letter: " (why) "." },
                }
            }
        }
        div .findings {
            @if let Some(fhir) = converted { (findings::left_out(&fhir.explanation)) }
            (findings::deviations(message))
        }
    }
}

fn about(pasted: &Pasted) -> Markup {
    html! {
        @if pasted.count > 1 { p { "The first of " (pasted.count) " messages." } }
        @if let Some(charset) = pasted.was {
            p { "MSH-18 said " (charset.name()) "; a text that is pasted is UNICODE UTF-8, and MSH-18 says so now." }
        }
    }
}

fn wrong(title: &str, why: &str) -> Markup {
    html! { section .finding .bad role="alert" { h3 { (title) } p { (why) } } }
}

/// A fixture as a text, whatever its character set.
fn text(bytes: &[u8]) -> String {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        // ISO 8859-1, the one other character set among the fixtures, is the start of Unicode.
        Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
    };
    let frames = ['\u{b}', '\u{1c}'];
    text.replace(frames, "")
        .replace("\r\n", "\n")
        .replace('\r', "\n")
}
