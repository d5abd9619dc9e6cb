//! The letters of one cause, masked until somebody says why they look.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use axum::Extension;
use axum::extract::{Query, State};
use kiln_pipeline::dead::Letter;
use kiln_pipeline::record::header;
use maud::{Markup, html};
use serde::Deserialize;

use super::DECIDE;
use super::cause::Cause;
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::playground;
use crate::console::purpose::{self, Said};
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::console::text::shortened_lines;
use crate::dead::letters;
use crate::dead::mask;
use crate::dead::words::{received, shown, time};

pub(in crate::console) const PATH: &str = "/dead/letters";

/// Most letters on a page.
const MAX_SHOWN: usize = 20;

#[derive(Clone, Deserialize)]
pub(in crate::console) struct Chosen {
    #[serde(flatten)]
    cause: Cause,
}

#[derive(Deserialize)]
pub(in crate::console) struct Looked {
    #[serde(flatten)]
    chosen: Chosen,
    #[serde(flatten)]
    said: Said,
}

/// Masked.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Query(chosen): Query<Chosen>,
) -> Result<Markup, Unread> {
    let letters = first(&console, &chosen).await?;
    Ok(page(&letters, &chosen, &visitor, false))
}

/// As they are, once the audit stream has who looked and why.
pub(in crate::console) async fn disclose(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Posted(Looked { chosen, said }): Posted<Looked>,
) -> Result<Markup, Unread> {
    let disclosure = said.disclosure(&visitor)?;
    let letters = first(&console, &chosen).await?;
    let events = letters.iter().map(|letter| disclosure.of(letter)).collect();
    purpose::recorded(&console.workings.config, events).await?;
    Ok(page(&letters, &chosen, &visitor, true))
}

/// The first letters of the cause that nothing was decided about.
async fn first(console: &Console, chosen: &Chosen) -> Result<Vec<Letter>, Unread> {
    let (workings, chosen) = (console.workings.clone(), chosen.clone());
    scan(console, async move || {
        let wanted = chosen.cause.wanted();
        let (mut found, all) = (Vec::new(), BTreeSet::new());
        let (config, stop) = (&workings.config, &workings.stop);
        letters::visit(config, &wanted, &all, stop, async |letter, decided| {
            if decided.is_none() {
                found.push(letter);
            }
            let enough = found.len() == MAX_SHOWN;
            Ok(if enough {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })
        .await?;
        Ok(found)
    })
    .await
}

fn page(letters: &[Letter], chosen: &Chosen, visitor: &Visitor, open: bool) -> Markup {
    let content = html! {
        h1 { (chosen.cause) }
        @if letters.is_empty() { p { "No letter of this cause is left. " a href=(super::PATH) { "All causes" } } }
        @if letters.len() == MAX_SHOWN { p { "The first " (MAX_SHOWN) "." } }
        @if !open && !letters.is_empty() { (ask(chosen, visitor)) }
        @for letter in letters { (shown_letter(letter, visitor, open)) }
    };
    frame::page("Dead letters", super::PATH, visitor, &content)
}

fn ask(chosen: &Chosen, visitor: &Visitor) -> Markup {
    html! {
        form .purpose method="post" action=(PATH) {
            (frame::token(visitor))
            (chosen.cause.fields())
            (purpose::fields(visitor))
        }
    }
}

fn shown_letter(letter: &Letter, visitor: &Visitor, open: bool) -> Markup {
    let record = &letter.record;
    let text = if open {
        mask::open(&record.value)
    } else {
        mask::masked(&record.value)
    };
    html! {
        section .finding {
            h2 { "Letter " (letter.id) ", control id " (shown(record.header(header::CONTROL_ID))) }
            p { (shown(record.header(header::PLACE))) ": " (shown(record.header(header::DETAIL))) }
            p .about { "Received " (time(received(record))) }
            pre tabindex="0" aria-label={ "Message of letter " (letter.id) } { (shortened_lines(&text)) }
            div .actions {
                form method="post" action=(DECIDE) {
                    (frame::token(visitor))
                    input type="hidden" name="id" value=(letter.id);
                    button name="decision" value="retry" { "Retry" }
                    button .plain name="decision" value="drop" { "Drop" }
                }
                @if open {
                    form method="post" action=(playground::PATH) {
                        (frame::token(visitor))
                        textarea hidden aria-label="Message" name="message" { "\n" (text) }
                        button .plain { "Try it in the playground" }
                    }
                }
            }
        }
    }
}
