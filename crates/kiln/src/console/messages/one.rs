//! One message: what identifies it, what it says once somebody has said why they look, and what became of it.

use axum::Extension;
use axum::extract::{Query, State};
use kiln_pipeline::record::header;
use kiln_pipeline::store::RawRecord;
use maud::{Markup, html};
use serde::Deserialize;

use super::fate::Fate;
use super::wanted::{Place, kept};
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::playground;
use crate::console::purpose::{self, Said};
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::console::text::shortened_lines;
use crate::dead::mask;
use crate::dead::words::{received, shown, time};

pub(in crate::console) const PATH: &str = "/messages/message";

#[derive(Deserialize)]
pub(in crate::console) struct Looked {
    #[serde(flatten)]
    place: Place,
    #[serde(flatten)]
    said: Said,
}

/// Masked.
pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Query(place): Query<Place>,
) -> Result<Markup, Unread> {
    let (raw, fate) = read(&console, &place).await?;
    Ok(page(&raw, &fate, &place, &visitor, false))
}

/// As it is, once the audit stream has who looked and why.
pub(in crate::console) async fn disclose(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Posted(Looked { place, said }): Posted<Looked>,
) -> Result<Markup, Unread> {
    let disclosure = said.disclosure(&visitor)?;
    let (raw, fate) = read(&console, &place).await?;
    let config = &console.workings.config;
    let event = disclosure.of_message(&place.source(config), &raw.record);
    purpose::recorded(config, vec![event]).await?;
    Ok(page(&raw, &fate, &place, &visitor, true))
}

/// The message, and what became of it.
async fn read(console: &Console, place: &Place) -> Result<(RawRecord, Fate), Unread> {
    let (position, lane) = (place.position()?, place.lane);
    let (workings, source) = (
        console.workings.clone(),
        place.source(&console.workings.config),
    );
    let read = scan(console, async move || {
        let Some(raw) = kept(&workings.store, lane, position).await? else {
            return Ok(None);
        };
        let fate = Fate::of(&workings.config, &source, &raw.record).await?;
        Ok(Some((raw, fate)))
    });
    read.await?.ok_or_else(gone)
}

/// Why there is no such message.
pub(super) fn gone() -> Unread {
    Unread::Wrong("No message is kept there: it was too old, or never was.".to_owned())
}

fn page(raw: &RawRecord, fate: &Fate, place: &Place, visitor: &Visitor, open: bool) -> Markup {
    let record = &raw.record;
    let text = if open {
        mask::open(&record.value)
    } else {
        mask::masked(&record.value)
    };
    let content = html! {
        p { a href=(super::PATH) { "Messages" } }
        h1 { (shown(record.header(header::MESSAGE_TYPE))) ", control id " (shown(record.header(header::CONTROL_ID))) }
        (told(raw, place))
        (fate.told())
        h2 { "What it says" }
        @if !open { (ask(place, visitor)) }
        pre tabindex="0" aria-label="Message" { (shortened_lines(&text)) }
        div .actions {
            form method="post" action=(super::REPLAY) {
                (frame::token(visitor))
                (place.fields())
                button { "Replay by the maps in force" }
            }
            @if open {
                form method="post" action=(playground::PATH) {
                    (frame::token(visitor))
                    textarea hidden aria-label="Message" name="message" { "\n" (text) }
                    button .plain { "Try it in the playground" }
                }
            }
        }
        @if open { (fate.fhir()) }
    };
    frame::page("Message", super::PATH, visitor, &content)
}

/// What identifies it, and that it was acknowledged.
fn told(raw: &RawRecord, place: &Place) -> Markup {
    let record = &raw.record;
    html! {
        p {
            "Received " (time(received(record)))
            @if let Some(listener) = record.headers.get(header::LISTENER) { " by the listener " b { (shown(listener)) } }
            " in the feed " b { (shown(record.header(header::FEED))) }
            @if let Some(number) = record.headers.get(header::SEQUENCE_NUMBER) { ", with the sequence number " (shown(number)) }
            ". Kept at " (raw.position) " of the " (place.lane.lane().label()) " lane"
            @match record.headers.get(header::LETTER) {
                Some(letter) => { ", out of the dead letter " (shown(letter)) "." }
                None => ", and acknowledged after that.",
            }
        }
    }
}

fn ask(place: &Place, visitor: &Visitor) -> Markup {
    html! {
        form .purpose method="post" action=(PATH) {
            (frame::token(visitor))
            (place.fields())
            (purpose::fields(visitor))
        }
    }
}
