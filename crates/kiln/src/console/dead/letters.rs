//! The letters of one cause, masked until somebody says why they look.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use axum::Extension;
use axum::extract::{Query, State};
use jiff::Timestamp;
use kiln_pipeline::dead::{Disclosure, Letter};
use kiln_pipeline::record::header;
use kiln_pipeline::store;
use maud::{Markup, html};
use serde::Deserialize;

use super::DECIDE;
use super::cause::Cause;
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::playground;
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::console::text::shortened;
use crate::dead::letters;
use crate::dead::words::{received, shown, time};
use crate::dead::{mask, purpose};
use crate::failure::Failure;

pub(in crate::console) const PATH: &str = "/dead/letters";

/// Most letters on a page, and characters of each.
const MAX_SHOWN: usize = 20;
const MAX_MESSAGE_CHARS: usize = 20_000;

#[derive(Clone, Deserialize)]
pub(in crate::console) struct Chosen {
    #[serde(flatten)]
    cause: Cause,
    /// Why they are to be shown as they are.
    #[serde(default)]
    purpose: String,
    /// Who looks, in their own words.
    #[serde(default)]
    by: String,
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
    Posted(chosen): Posted<Chosen>,
) -> Result<Markup, Unread> {
    let purpose = purpose::read(&chosen.purpose).map_err(|why| Unread::wrong("Purpose", &why))?;
    let by = purpose::read(&chosen.by).map_err(|why| Unread::wrong("Your name", &why))?;
    let letters = first(&console, &chosen).await?;
    let disclosure = Disclosure {
        by,
        purpose,
        at: Timestamp::now(),
    };
    let events = letters.iter().map(|letter| disclosure.of(letter)).collect();
    let kept = store::disclose(&console.workings.config, events).await;
    kept.map_err(|error| Unread::from(Failure::stopped(error)))?;
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
            p { "Every letter is an x and every digit a 9. To see what the messages say, say why: an AuditEvent with your name, the purpose and the ids is written first." }
            div { label for="by" { "Your name" } input #by name="by" required maxlength="500" autocomplete="name"; }
            div { label for="purpose" { "Purpose" } input #purpose name="purpose" required maxlength=(purpose::MAX_PURPOSE_CHARS) placeholder="such as a ticket"; }
            button { "Show what they say" }
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

/// The lines, each as one; of a long message the beginning.
fn shortened_lines(text: &str) -> String {
    let mut left = MAX_MESSAGE_CHARS;
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(&shortened(line, left));
        out.push('\n');
        left = left.saturating_sub(line.chars().count());
        if left == 0 {
            break;
        }
    }
    out
}
