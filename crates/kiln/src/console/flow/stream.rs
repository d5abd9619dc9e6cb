//! The numbers as they change, as server-sent events (WHATWG HTML, 9.2).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::{StreamExt as _, stream};

use super::page::numbers;
use crate::console::refusal::Refusal;
use crate::console::routes::Console;

pub(in crate::console) const PATH: &str = "/flow/stream";

/// An answer ends after so long, and the browser asks again: what serves it bounds the time of answers.
const LASTS: Duration = Duration::from_secs(25);
/// The browser asks again after so long.
const AGAIN: Duration = Duration::from_millis(500);

pub(in crate::console) async fn stream(State(console): State<Console>) -> Response {
    let Ok(place) = console.subscribers.clone().try_acquire_owned() else {
        return Refusal::Busy.into_response();
    };
    let (flow, stop) = (console.flow.clone(), console.workings.stop.clone());
    let events = stream::unfold(
        (console, flow, place),
        async |(console, mut flow, place)| {
            flow.changed().await.ok()?;
            let event = Event::default()
                .retry(AGAIN)
                .data(numbers(&console).into_string());
            Some((Ok::<_, Infallible>(event), (console, flow, place)))
        },
    );
    let ends = async move {
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(LASTS) => {}
        }
    };
    Sse::new(events.take_until(Box::pin(ends))).into_response()
}
