//! A message, replayed behind what was emitted.

use axum::Extension;
use axum::extract::State;
use jiff::Timestamp;
use kiln_pipeline::audit::{Deed, Event, Outcome};
use kiln_pipeline::replay::{Became, Replayed, again};
use kiln_pipeline::store::{Output, Target};
use maud::{Markup, html};

use super::one::gone;
use super::wanted::{Place, kept};
use crate::author::Author;
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::dead::words::shown;
use crate::failure::Failure;

pub(in crate::console) const PATH: &str = "/messages/replay";

/// The name of these replays in outputs.
const REPLAY: &str = "console";

/// What the audit stream has of it, in one commit with what is emitted.
fn audited(replayed: &Replayed, emitted: usize, by: &str) -> Output {
    let raw = &replayed.raw.record;
    let explained = format!("{emitted} resources");
    let mut event = Event::new(Deed::Replay, Timestamp::now(), by).about(raw);
    event.explained = Some(&explained);
    event.details.push(("raw-message", &replayed.source));
    if let Became::Dead(_) = replayed.became {
        event.outcome = Outcome::Failure;
    }
    Output {
        target: Target::Audit,
        feed: raw.key.clone(),
        record: event.record(&raw.key),
    }
}

pub(in crate::console) async fn replay(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Posted(place): Posted<Place>,
) -> Result<Markup, Unread> {
    let (position, lane) = (place.position()?, place.lane);
    let (workings, by) = (
        console.workings.clone(),
        Author::console(visitor.person()).by,
    );
    let replayed = scan(&console, async move || {
        let Some(raw) = kept(&workings.store, lane, position).await? else {
            return Ok(None);
        };
        let mapper = workings.mapping.mapper();
        let replayed = again(&workings.config, &mapper, lane.lane(), raw, REPLAY);
        let emitted = replayed.outputs.len();
        let event = audited(&replayed, emitted, &by);
        let mut outputs = replayed.outputs;
        outputs.push(event);
        let mut decider = workings.store.decider().await.map_err(Failure::stopped)?;
        let committed = decider.commit(Vec::new(), outputs).await;
        committed.map_err(Failure::stopped)?;
        Ok(Some((replayed.became, emitted)))
    });
    let (became, emitted) = replayed.await?.ok_or_else(gone)?;
    let content = html! {
        h1 { "Message replayed" }
        p role="status" {
            @match became {
                Became::Resources => { (emitted) " resources were emitted behind what was there." },
                Became::Dropped(filter) => { "The filter " b { (shown(&filter)) } " of the site drops it: nothing was emitted." }
                Became::Dead(reason) => { "It is no FHIR by the maps in force (" (reason) "): nothing was emitted." }
            }
        }
        p { a href={ (super::MESSAGE) "?" (place.query()) } { "What became of it" } }
    };
    Ok(frame::page(
        "Message replayed",
        super::PATH,
        &visitor,
        &content,
    ))
}
