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
        None,
        &html! {
            a .skip href="#content" { "Skip to content" }
            header .top {
                span .brand { "Kiln" }
                nav aria-label="Pages" {
                    @for (to, name) in PAGES {
                        a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                    }
                }
                @if let Some(person) = visitor.person() { span .about { (person) } }
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
    document(title, None, &html! { main #content .alone { (content) } })
}

/// A page that leads to the first one.
pub(super) fn onwards() -> Markup {
    let content =
        html! { main #content .alone { h1 { "Kiln" } p { a href=(flow::PATH) { "Go on" } } } };
    document("Entering", Some(flow::PATH), &content)
}

/// The field of a form that says it is one of ours.
pub(super) fn token(visitor: &Visitor) -> Markup {
    html! { input type="hidden" name=(form::TOKEN) value=(visitor.form_token); }
}

/// `onwards` is where the browser goes by itself.
fn document(title: &str, onwards: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Some(to) = onwards { meta http-equiv="refresh" content={ "0;url=" (to) }; }
                title { (title) " · Kiln" }
                link rel="icon" href=(assets::ICON) type="image/svg+xml";
                link rel="stylesheet" href=(assets::STYLE);
                script src=(assets::SCRIPT) defer {}
            }
            body { (body) }
        }
    }
}
