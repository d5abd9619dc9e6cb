//! Reading what is kept, for a page.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::html;
use tokio::runtime::Handle;

use super::frame;
use super::refusal::Refusal;
use super::routes::Console;
use crate::failure::Failure;

/// Why a page could not be made of what is kept.
pub(super) enum Unread {
    /// Too many read at once.
    Busy,
    /// What was asked for is wrong.
    Wrong(String),
    /// The store failed.
    Failed(Failure),
}

impl Unread {
    /// Of that field of a form.
    pub(super) fn wrong(field: &str, why: &dyn std::fmt::Display) -> Unread {
        Unread::Wrong(format!("{field}: {why}"))
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Unread {
        Unread::Failed(failure)
    }
}

impl IntoResponse for Unread {
    fn into_response(self) -> Response {
        let (status, why) = match self {
            Unread::Busy => return Refusal::Busy.into_response(),
            Unread::Wrong(why) => (StatusCode::BAD_REQUEST, why),
            Unread::Failed(failure) => {
                let why = failure.text().unwrap_or_default().to_owned();
                (StatusCode::SERVICE_UNAVAILABLE, why)
            }
        };
        let content = html! { h1 { "That did not work" } p { (why) } };
        (status, frame::bare("That did not work", &content)).into_response()
    }
}

/// Reads within the bound of scans. What has begun goes on to its end when the browser goes away, so that no decision is left
/// half done.
pub(super) async fn scan<T: Send + 'static>(
    console: &Console,
    read: impl AsyncFnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Unread> {
    let place = console.scans.clone().try_acquire_owned();
    let place = place.map_err(|_| Unread::Busy)?;
    let runtime = Handle::current();
    let reading = tokio::task::spawn_blocking(move || {
        let _place = place;
        runtime.block_on(read())
    });
    let read = reading.await;
    read.map_err(|_| Unread::Failed(Failure::stopped("reading ended early; see the log")))?
        .map_err(Unread::from)
}
