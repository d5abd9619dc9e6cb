//! Listening: frames from a socket, kept durably, then acknowledged.
//!
//! A [`listener`] accepts connections within its bounds; each [`connection`] cuts frames and answers in their order;
//! [`take`] brings one frame into the store. What a peer can cost is bounded by [`room`] and [`addresses`], and
//! [`connections`] asks peers to leave.

mod addresses;
mod answer;
mod closed;
mod connection;
mod connections;
mod judge;
mod listener;
mod metrics;
mod room;
mod socket;
mod take;
#[cfg(test)]
mod tests;

pub(crate) use connections::Connections;
pub use listener::BoundListener;
pub(crate) use listener::{Listening, Shared, bind};
pub(crate) use metrics::ListenMetrics;
pub(crate) use room::{Budget, Room};
