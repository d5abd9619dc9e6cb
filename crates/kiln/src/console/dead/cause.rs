//! What letters have in common, as a form names it.

use maud::{Markup, Render, html};
use serde::Deserialize;

use crate::dead::groups::Group;
use crate::dead::letters::Wanted;
use crate::dead::words::shown;

/// Reason, feed and message type.
#[derive(Clone, Deserialize)]
pub(super) struct Cause {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    feed: String,
    #[serde(default, rename = "type")]
    message_type: String,
}

impl Cause {
    pub(super) fn of(group: &Group) -> Cause {
        Cause {
            reason: group.reason.clone(),
            feed: group.feed.clone(),
            message_type: group.message_type.clone(),
        }
    }

    /// The letters of it.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted::group(&self.reason, &self.feed, &self.message_type)
    }

    /// By which a form names it.
    pub(super) fn fields(&self) -> Markup {
        html! {
            input type="hidden" name="reason" value=(self.reason);
            input type="hidden" name="feed" value=(self.feed);
            input type="hidden" name="type" value=(self.message_type);
        }
    }
}

/// In words.
impl Render for Cause {
    fn render(&self) -> Markup {
        html! { (shown(&self.reason)) ": " (shown(&self.message_type)) ", feed " (shown(&self.feed)) }
    }
}
