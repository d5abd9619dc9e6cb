//! Who did what, when, why, and what came of it: FHIR R4 `AuditEvent` records, chained by digests so that one that was
//! changed, removed or moved shows. `AUDIT.md` says what is promised and what is not.

mod chain;
mod event;
mod journal;
mod lines;
mod review;
mod trail;
mod verify;

pub use chain::{Head, Link};
pub use event::{Deed, Event, Outcome};
pub(crate) use journal::{Journal, JournalMetrics};
pub use lines::{Lines, LinesError};
pub use review::{Access, Review};
pub use trail::{Place, Trail, TrailError};
pub use verify::{Chain, Fault, Verdict, Verifier};
