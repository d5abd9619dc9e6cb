//! The path of a message: a listener keeps it durably and then acknowledges it; transform turns it into FHIR and commits
//! outputs and position as one. The same path runs on Kafka and on an embedded store.
//!
//! What it guarantees: an acknowledged message is never lost; its outputs appear once, in the order of its feed; a
//! message that cannot be read or mapped is kept as a dead letter with the reason, and disturbs no other.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use kiln_pipeline::Pipeline;
//! use kiln_pipeline::config::Config;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let mapper = Arc::new(kiln_fhir::Mapper::embedded()?);
//! let running = Pipeline::start(Config::embedded("kiln-data"), mapper).await?;
//! println!("send HL7v2 over MLLP to {}", running.listeners()[0].address);
//! running.shutdown().await?;
//! # Ok(())
//! # }
//! ```

pub mod audit;
pub mod config;
pub mod dead;
mod failure;
pub mod feed;
pub mod http;
mod listen;
pub mod mapping;
mod metrics;
mod pipeline;
mod progress;
pub mod record;
pub mod replay;
mod settling;
pub mod sighting;
mod spans;
pub mod store;
mod tally;
pub mod topics;
mod transform;
mod vault;
mod workings;

pub use failure::{RunError, StartError};
pub use listen::{BoundListener, TlsError};
pub use metrics::Described;
pub use pipeline::{Pipeline, RunningPipeline};
pub use tally::Tally;
pub use vault::KeysError;
pub use workings::Workings;
