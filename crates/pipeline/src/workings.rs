//! What a pipeline is at work with, for pages about it.

use std::sync::Arc;

use crate::config::Config;
use crate::mapping::Mapping;

/// What a pipeline is at work with, for who adds pages to its HTTP address.
#[derive(Clone, Debug)]
pub struct Workings {
    /// Its configuration.
    pub config: Arc<Config>,
    /// The maps in force.
    pub mapping: Mapping,
}
