//! Retrying letters, and dropping them.

use std::collections::BTreeSet;

use axum::Extension;
use axum::extract::State;
use kiln_pipeline::dead::Decision;
use kiln_pipeline::store::Position;
use maud::{Markup, html};
use serde::Deserialize;

use super::cause::Cause;
use crate::author::Author;
use crate::console::access::Visitor;
use crate::console::form::Posted;
use crate::console::frame;
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::dead::deciding::{self, Outcome};
use crate::dead::letters::Wanted;
use crate::failure::Failure;

pub(in crate::console) const PATH: &str = "/dead/decide";

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wish {
    Retry,
    Drop,
}

/// One letter by its id, or all of a cause.
#[derive(Deserialize)]
pub(in crate::console) struct Decide {
    decision: Wish,
    id: Option<String>,
    #[serde(flatten)]
    cause: Cause,
}

pub(in crate::console) async fn decide(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
    Posted(asked): Posted<Decide>,
) -> Result<Markup, Unread> {
    let decision = match asked.decision {
        Wish::Retry => Decision::Retried,
        Wish::Drop => Decision::Dropped,
    };
    let (wanted, ids) = match &asked.id {
        None => (asked.cause.wanted(), BTreeSet::new()),
        Some(id) => {
            let id: Position = id.parse().map_err(|error| Unread::wrong("id", &error))?;
            (Wanted::all(), BTreeSet::from([id]))
        }
    };
    let (workings, author) = (console.workings.clone(), Author::console(visitor.person()));
    let outcome = scan(&console, async move || {
        // Before anything is read, so that what another has decided is seen.
        let decider = workings.store.decider().await.map_err(Failure::stopped)?;
        let (config, stop) = (&workings.config, &workings.stop);
        deciding::decide(
            config,
            &wanted,
            &ids,
            decision,
            &author,
            Some(decider),
            stop,
        )
        .await
    });
    let outcome = outcome.await?;
    let content = html! {
        h1 { "Dead letters" }
        (told(&outcome, decision))
        p { a href=(super::PATH) { "What is left" } }
    };
    Ok(frame::page("Dead letters", super::PATH, &visitor, &content))
}

fn told(outcome: &Outcome, decision: Decision) -> Markup {
    html! {
        p role="status" {
            (outcome.decided) " " (decision) "."
            @if outcome.before > 0 { " " (outcome.before) " were decided before." }
            @if outcome.failed > 0 { " " (outcome.failed) " cannot be:" }
        }
        ul { @for (id, why) in &outcome.told { li { "letter " (id) ": " (why) } } }
    }
}
