//! The page of dead letters: one row a cause.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use axum::Extension;
use axum::extract::State;
use maud::{Markup, html};

use super::cause::Cause;
use super::remedy::remedy;
use super::{DECIDE, LETTERS};
use crate::console::access::Visitor;
use crate::console::frame;
use crate::console::routes::Console;
use crate::console::scan::{Unread, scan};
use crate::dead::groups::{Group, Groups};
use crate::dead::letters::{self, Wanted};
use crate::dead::words::{shown, time};

pub(in crate::console) const PATH: &str = "/dead";

pub(in crate::console) async fn show(
    State(console): State<Console>,
    Extension(visitor): Extension<Visitor>,
) -> Result<Markup, Unread> {
    let workings = console.workings.clone();
    let groups = scan(&console, async move || {
        let (mut groups, all) = (Groups::default(), BTreeSet::new());
        let (config, stop) = (&workings.config, &workings.stop);
        letters::visit(
            config,
            &Wanted::all(),
            &all,
            stop,
            async |letter, decided| {
                if decided.is_none() {
                    groups.add(&letter.record);
                }
                Ok(ControlFlow::Continue(()))
            },
        )
        .await?;
        Ok(groups.into_sorted())
    });
    let (groups, ungrouped) = groups.await?;
    let total: u64 = groups.iter().map(|group| group.count).sum::<u64>() + ungrouped;
    let content = html! {
        h1 { "Dead letters" }
        p {
            @match total {
                0 => "None waits for a decision.",
                1 => "One waits for a decision. It is kept as it was received.",
                _ => { (total) " wait for a decision. They are kept as they were received." },
            }
        }
        @for group in &groups { (listed(group, &visitor)) }
        @if ungrouped > 0 { p { (ungrouped) " more, of too many feeds and types to list; kiln dead list has them." } }
    };
    Ok(frame::page("Dead letters", PATH, &visitor, &content))
}

fn listed(group: &Group, visitor: &Visitor) -> Markup {
    let cause = Cause::of(group);
    html! {
        section .finding .bad {
            h2 { (group.count) " × " (cause) }
            p { (shown(&group.detail)) }
            p { b { "What to do: " } (remedy(&group.reason)) }
            p .about { "First received " (time(group.first)) ", last " (time(group.last)) "." }
            div .actions {
                form method="get" action=(LETTERS) {
                    (cause.fields())
                    button .plain { "Look at them" }
                }
                form method="post" action=(DECIDE) {
                    (frame::token(visitor))
                    (cause.fields())
                    button name="decision" value="retry" { "Retry all " (group.count) }
                    button .plain name="decision" value="drop" { "Drop all " (group.count) }
                }
            }
        }
    }
}
