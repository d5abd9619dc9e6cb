//! The maps in force: those that Kiln has, under the site's overlay, renewed while messages flow.

mod directory;
mod force;
mod metrics;
mod watch;

pub(crate) use directory::Overlay;
pub use directory::{OverlayError, overlay};
pub use force::{InForce, Mapping};
pub(crate) use metrics::MappingMetrics;
pub(crate) use watch::watch;
