//! What a pipeline is at work with, for pages about it.

use std::sync::Arc;

use prometheus::Registry;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::listen::BoundListener;
use crate::mapping::Mapping;
use crate::store::Store;

/// What a pipeline is at work with, for who adds pages to its HTTP address.
#[derive(Clone)]
pub struct Workings {
    /// Its configuration.
    pub config: Arc<Config>,
    /// The listeners that it opened.
    pub listeners: Arc<[BoundListener]>,
    /// The maps in force.
    pub mapping: Mapping,
    /// Where it keeps what comes, by the log of the interactive lane.
    pub store: Arc<dyn Store>,
    /// What it counts.
    pub registry: Registry,
    /// Cancelled when it stops: an answer that has no end is to end then.
    pub stop: CancellationToken,
}
