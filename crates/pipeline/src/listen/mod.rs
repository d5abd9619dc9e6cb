//! Listening: frames from a socket, kept durably, then acknowledged.

mod activity;
mod answer;
mod connection;
mod judge;
mod listener;
mod metrics;

pub use listener::BoundListener;
pub(crate) use listener::{Listening, Shared, bind};
pub(crate) use metrics::ListenMetrics;
