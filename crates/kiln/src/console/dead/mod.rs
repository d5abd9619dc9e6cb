//! Dead letters: grouped by cause with what to do about each, shown one by one, and decided about.

mod cause;
mod decide;
mod groups;
mod letters;
mod remedy;

pub(super) use decide::{PATH as DECIDE, decide};
pub(super) use groups::{PATH, show};
pub(super) use letters::{PATH as LETTERS, disclose, show as letters};
