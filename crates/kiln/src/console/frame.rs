//! What all pages have around them.

use maud::{DOCTYPE, Markup, html};

use super::access::Visitor;
use super::{assets, dead, flow, form, login, messages, playground};

/// The pages that people go to, with their names.
const PAGES: [(&str, &str); 4] = [
    (flow::PATH, "Flow"),
    (messages::PATH, "Messages"),
    (dead::PATH, "Dead letters"),
    (playground::PATH, "Playground"),
];

/// A page of the console; `path` is where it is.
pub(super) fn page(title: &str, path: &str, visitor: &Visitor, content: &Markup) -> Markup {
    document(
        title,
        &html! {
            a .skip href="#content" { "Skip to content" }
            header .top {
                span .brand { "Kiln" }
                nav aria-label="Pages" {
                    @for (to, name) in PAGES {
                        a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                    }
                }
                @if visitor.may_leave {
                    form method="post" action=(login::LEAVE) {
                        (token(visitor))
                        button .plain { "Leave" }
                    }
                }
            }
            main #content { (content) }
        },
    )
}

/// A page for who has not been let in.
pub(super) fn bare(title: &str, content: &Markup) -> Markup {
    document(title, &html! { main #content .alone { (content) } })
}

/// The field of a form that says it is one of ours.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(form::TOKEN) value=(visitor.form_token); }
}

fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · Kiln" }
                link rel="icon" href=(assets::ICON) type="image/svg+xml";
                link rel="stylesheet" href=(assets::STYLE);
                script src=(assets::SCRIPT) defer {}
            }
            body { (body) }
        }
    }
}
