//! Conformance to the encoding rules of chapter 2.
//!
//! Kiln is *tolerant*: it reads what can be read without guessing. Where a message deviates from the letter of the
//! standard and can be read all the same, the deviation has a code and a place, for those who ask
//! ([`Message::deviations`](crate::Message::deviations)) and for those who refuse
//! ([`Conformance::Strict`](crate::Conformance::Strict)). Nobody else pays for it.

mod deviation;
mod walk;

pub use deviation::{Conformance, Deviation, DeviationCode};
