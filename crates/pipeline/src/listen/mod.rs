//! Listening: frames from a socket, kept durably, then acknowledged.
//!
//! A [`listener`] accepts connections within its bounds; each [`connection`] cuts frames and answers in their order;
//! [`take`] brings one frame into the store. What a peer can cost is bounded by [`room`] and [`places`], and
//! [`connections`] asks peers to leave. [`stream`] is a connection's bytes, in the clear or within [`tls`];
//! [`enrolment`] says who is let in.

mod addresses;
mod answer;
mod attend;
mod closed;
mod connection;
mod connections;
mod enrolment;
mod judge;
mod listener;
mod metrics;
mod numbered;
mod places;
mod refusals;
mod room;
mod socket;
mod stream;
mod take;
#[cfg(test)]
mod tests;
mod tls;

pub(crate) use connections::Connections;
pub(crate) use judge::{Origin, judge_again};
pub use listener::BoundListener;
pub(crate) use listener::{Listening, Shared, bind};
pub(crate) use metrics::{ListenMetrics, ListenerMetrics};
pub(crate) use room::{ListenerRoom, Room};
pub use tls::TlsError;
pub(crate) use tls::{Tls, TlsMetrics, TlsWatch, check as check_tls};
