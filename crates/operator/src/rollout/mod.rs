//! How other maps and another image come into force: what is tried, what is seen of it, and what follows. Pure.
//!
//! ```text
//!   the spec asks for something else
//!     │ no policy for it: at once ─────────────────────────────────────────▶ in force
//!     ▼                                                                        ▲ the watch ends
//!   tried: maps in shadow, an image on a canary ── within its budgets ──▶ in force, watched
//!     │ over a budget, or broken                                               │ over the budget
//!     ▼                                                                        ▼
//!   refused, what was before goes on, until the spec asks for something else ◀─┘ what was before is in force again
//! ```
//!
//! One thing is tried at a time, an image before maps. Someone may promote it or roll it back by hand at any time. The state
//! is the status of the resource, so that another operator goes on where this one was.

mod counted;
mod judge;
mod seen;
mod step;

pub use counted::{Counted, Counting};
pub use judge::{Budget, Verdict, judge};
pub use seen::{Seen, differences};
pub use step::{Hand, Wanted, in_force, step, trial_id};
