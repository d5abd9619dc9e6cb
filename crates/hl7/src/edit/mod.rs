//! Changing a message by path, and building one.

mod draft;
mod encode;
mod error;
mod place;

pub use draft::Draft;
pub(crate) use encode::encode;
pub use error::{EditError, EditErrorKind};
pub use place::MAX_PADDING;
pub(crate) use place::Place;
