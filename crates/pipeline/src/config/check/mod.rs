//! The checks that a schema cannot state.

mod console;
mod listeners;
mod senders;
mod store;
mod whole;

pub(super) use whole::{Check, saturated};
