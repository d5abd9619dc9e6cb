//! What instances say of a site's maps, and what that means for each `FhirMapping`. Pure.
//!
//! The operator does not read maps: the instances that use them compile them, and name each mistake with its file and line. An
//! instance that runs keeps the maps before and says why in `/readyz`; one that starts with wrong maps ends, and its last words
//! say why. What they name is found again by the directory that each mapping has in them.

mod report;
mod verdict;

pub use report::Report;
pub use verdict::{Use, Verdict, verdict};
