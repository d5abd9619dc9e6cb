//! What must hold for every input, one function a fuzz target. `tests/regressions.rs` of kiln-hl7 runs the same
//! functions over the checked-in corpus.

mod edit;
mod frames;
mod kernels;
mod message;
mod queries;
mod rules;
mod text;

pub use edit::edit;
pub use frames::frames;
pub use kernels::kernels;
pub use message::parse;
pub use queries::queries;
pub use rules::rules;
pub use text::{charset, unescape};
