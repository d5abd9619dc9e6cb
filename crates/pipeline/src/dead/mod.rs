//! Dead letters: what was set aside, and what people decided about it.
//!
//! A letter is a record of the dead stream and is known by its place in it. Nothing takes it out of the stream; a
//! decision is one more record of the same stream, which names the letter. A letter is decided once: to be retried, which
//! appends its bytes to the raw log again, or to be dropped.

mod decision;
mod disclosure;
mod letter;

pub use decision::{Decided, Decision, Decisions, ReadError};
pub use disclosure::Disclosure;
pub use letter::{Letter, NotRetried};
