//! The raw log: messages found by what identifies them, each with what became of it, and replayed.

mod fate;
mod one;
mod replay;
mod search;
mod wanted;

pub(super) use one::{PATH as MESSAGE, disclose, show as message};
pub(super) use replay::{PATH as REPLAY, replay};
pub(super) use search::{PATH, show};
