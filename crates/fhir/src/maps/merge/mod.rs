//! Merging a site's overlay over the maps. What it changes must be there: a name that is not is told with the nearest one.

mod field;
mod message;
mod overlay;

pub(crate) use overlay::merge;
