//! Map files: YAML with places, and the model that is read from it.

pub(crate) mod condition;
pub(crate) mod merge;
pub(crate) mod model;
pub(crate) mod overlay;
pub(crate) mod path;
pub(crate) mod read;
pub(crate) mod site;
pub(crate) mod skip;
pub(crate) mod yaml;
