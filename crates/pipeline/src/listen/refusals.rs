//! Telling the log of who was refused, within bounds: hostile peers choose how often they come.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::closed::Closed;

/// Most refusals of a listener in the log within [`REFUSALS_WINDOW`]; further ones are counted only.
const MAX_REFUSALS_LOGGED: u32 = 30;
const REFUSALS_WINDOW: Duration = Duration::from_secs(60);

/// What the log is told beside reason and address. Of no message: none was read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told<'a> {
    /// The subject of a certificate that was verified.
    pub(super) subject: Option<&'a str>,
    /// The reason in words.
    pub(super) detail: Option<&'a str>,
}

/// The refusals of one listener.
pub(super) struct Refusals {
    listener: String,
    window: Mutex<Window>,
}

struct Window {
    began: Instant,
    logged: u32,
    left_out: u64,
}

impl Refusals {
    pub(super) fn new(listener: &str) -> Refusals {
        Refusals {
            listener: listener.to_owned(),
            window: Mutex::new(Window {
                began: Instant::now(),
                logged: 0,
                left_out: 0,
            }),
        }
    }

    /// Tells of one; `what` is the subject of a certificate that was verified, or the reason in words.
    pub(super) fn tell(&self, reason: Closed, peer: IpAddr, what: Told<'_>) {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.began.elapsed() >= REFUSALS_WINDOW {
            if window.left_out > 0 {
                tracing::warn!(
                    listener = self.listener,
                    count = window.left_out,
                    "further connections were refused"
                );
            }
            *window = Window {
                began: Instant::now(),
                logged: 0,
                left_out: 0,
            };
        }
        if window.logged == MAX_REFUSALS_LOGGED {
            window.left_out += 1;
            return;
        }
        window.logged += 1;
        drop(window);
        tracing::warn!(
            listener = self.listener,
            reason = reason.label(),
            %peer,
            subject = what.subject,
            detail = what.detail,
            "a connection was refused"
        );
    }
}
