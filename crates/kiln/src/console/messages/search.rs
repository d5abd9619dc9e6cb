//! The page where messages are looked for.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Query, State};
use kiln_pipeline::record::header;
use kiln_pipeline::replay::Choice;
use kiln_pipeline::store::{Begin, Position, RawRecord, Store};
use maud::{Markup, html};

use super::wanted::{LaneName, Place, Wanted, earlier, log};
use crate::console::access::Visitor;
use crate::console::frame;
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::dead::words::{received, shown, time};
use crate::failure::Failure;

pub(in crate::console) const PATH: &str = "/messages";

/// Most messages on a page.
const MAX_SHOWN: usize = 50;
/// The log is read for so long at most.
const READ_TIME: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Default)]
struct Found {
    /// The latest, by when they were received and where they lie.
    latest: BTreeMap<(i64, Position), RawRecord>,
    count: u64,
    read: u64,
    /// Whether the time was up before the end.
    partly: bool,
}

pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Query(wanted): Query<Wanted>,
) -> Result<Markup, Unread> {
    let wanted = wanted.completed();
    let (choice, since_ms) = wanted.choice()?;
    let (workings, lane) = (console.workings.clone(), wanted.lane);
    let found = scan(&console, async move || {
        match log(&workings.store, lane).await? {
            Some(store) => search(store.as_ref(), &choice, since_ms).await,
            None => Ok(Found::default()),
        }
    });
    let found = found.await?;
    let content = html! {
        h1 { "Messages" }
        (form(&wanted))
        (told(&found))
        @if !found.latest.is_empty() { (table(&found, lane)) }
    };
    Ok(frame::page("Messages", PATH, &visitor, &content))
}

async fn search(store: &dyn Store, choice: &Choice, since_ms: i64) -> Result<Found, Failure> {
    let begin = Begin::Time(earlier(since_ms));
    let mut reader = store.read_raw(begin).await.map_err(Failure::stopped)?;
    let (mut found, until) = (Found::default(), Instant::now() + READ_TIME);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(next) = tokio::time::timeout(left, reader.next()).await else {
            found.partly = true;
            return Ok(found);
        };
        let Some(raw) = next.map_err(Failure::stopped)? else {
            return Ok(found);
        };
        found.read += 1;
        if choice.takes(&raw.record) {
            found.count += 1;
            let received = received(&raw.record).as_millisecond();
            found.latest.insert((received, raw.position), raw);
            if found.latest.len() > MAX_SHOWN {
                found.latest.pop_first();
            }
        }
    }
}

fn form(wanted: &Wanted) -> Markup {
    html! {
        form .purpose method="get" action=(PATH) {
            div { label for="control_id" { "Control id (MSH-10)" } input #control_id name="control_id" value=(wanted.control_id); }
            div { label for="feed" { "Feed" } input #feed name="feed" value=(wanted.feed); }
            div { label for="type" { "Type" } input #type name="type" value=(wanted.message_type) placeholder="ADT^A01"; }
            div { label for="since" { "Received from, UTC" } input #since name="since" type="datetime-local" step="any" value=(wanted.since); }
            div { label for="until" { "Before, UTC" } input #until name="until" type="datetime-local" step="any" value=(wanted.until); }
            div {
                label for="lane" { "Lane" }
                select #lane name="lane" {
                    @for lane in LaneName::ALL {
                        @let name = lane.lane().label();
                        option value=(name) selected[lane == wanted.lane] { (name) }
                    }
                }
            }
            button { "Find" }
        }
    }
}

fn told(found: &Found) -> Markup {
    let shown = found.latest.len();
    html! {
        p role="status" {
            @match (found.count, shown) {
                (0, _) => "None found.",
                (1, _) => "One found.",
                (count, shown) if count == shown as u64 => { (count) " found, the latest first." },
                (count, shown) => { (count) " found; the latest " (shown) " are shown." },
            }
            " " (found.read) " were read."
        }
        @if found.partly {
            p role="alert" {
                "The log was not read to its end, since that took longer than " (READ_TIME.as_secs()) " seconds. Choose a later time to look from."
            }
        }
    }
}

fn table(found: &Found, lane: LaneName) -> Markup {
    html! {
        div .wide tabindex="0" role="region" aria-label="Messages" {
            table {
                thead { tr { th scope="col" { "Received" } th scope="col" { "Control id" } th scope="col" { "Type" } th scope="col" { "Feed" } } }
                tbody {
                    @for raw in found.latest.values().rev() { (row(raw, lane)) }
                }
            }
        }
    }
}

fn row(raw: &RawRecord, lane: LaneName) -> Markup {
    let record = &raw.record;
    let place = Place::of(lane, raw.position).query();
    html! {
        tr {
            td { (time(received(record))) }
            th scope="row" { a href={ (super::MESSAGE) "?" (place) } { (shown(record.header(header::CONTROL_ID))) } }
            td { (shown(record.header(header::MESSAGE_TYPE))) }
            td { (shown(record.header(header::FEED))) }
        }
    }
}
