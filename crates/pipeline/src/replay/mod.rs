//! Replay: the raw log is read again from its beginning and converted by other maps, beside transform and without
//! disturbing it.
//!
//! Messages come in the order of their feeds, and resends are told as transform tells them. Position and outputs of a
//! replay are committed as one, so that a replay that was stopped goes on where it was.

mod again;
mod choice;
mod replayer;

pub use again::again;
pub use choice::Choice;
pub use replayer::{Became, Replayed, Replayer};
