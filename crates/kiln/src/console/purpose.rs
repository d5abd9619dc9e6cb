//! Why somebody is to be shown what messages say.

use jiff::Timestamp;
use kiln_pipeline::config::Config;
use kiln_pipeline::dead::Disclosure;
use kiln_pipeline::record::Record;
use kiln_pipeline::store;
use maud::{Markup, html};
use serde::Deserialize;

use super::access::Visitor;
use super::scan::Unread;
use crate::dead::purpose::{MAX_PURPOSE_CHARS, read};
use crate::failure::Failure;

/// As a person says it.
#[derive(Clone, Deserialize)]
pub(super) struct Said {
    #[serde(default)]
    purpose: String,
    /// Who looks.
    #[serde(default)]
    by: String,
}

/// The fields for it, and what happens then.
pub(super) fn fields(visitor: &Visitor) -> Markup {
    html! {
        p { "Every letter is an x and every digit a 9. To see what is said, say why: an AuditEvent with your name, the purpose and the ids is written first." }
        @if let Some(person) = visitor.person() {
            p { "You are " b { (person) } "." }
        } @else {
            div { label for="by" { "Your name" } input #by name="by" required maxlength="500" autocomplete="name"; }
        }
        div { label for="purpose" { "Purpose" } input #purpose name="purpose" required maxlength=(MAX_PURPOSE_CHARS) placeholder="such as a ticket"; }
        button { "Show what they say" }
    }
}

impl Said {
    /// By the name that they are known by; else by the one that they give.
    pub(super) fn disclosure(&self, visitor: &Visitor) -> Result<Disclosure, Unread> {
        let said = |field, text| read(text).map_err(|why| Unread::wrong(field, &why));
        Ok(Disclosure {
            purpose: said("Purpose", &self.purpose)?,
            by: match visitor.person() {
                Some(person) => person.to_owned(),
                None => said("Your name", &self.by)?,
            },
            at: Timestamp::now(),
        })
    }
}

/// Returns once the audit stream has the events.
pub(super) async fn recorded(config: &Config, events: Vec<Record>) -> Result<(), Unread> {
    let kept = store::disclose(config, events).await;
    kept.map_err(|error| Unread::from(Failure::stopped(error)))
}
