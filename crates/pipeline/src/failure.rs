//! Why a pipeline did not start, or did not go on.

use std::net::SocketAddr;
use std::time::Duration;

use crate::listen::TlsError;
use crate::mapping::OverlayError;
use crate::store::StoreError;

/// Why a pipeline did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An address cannot be bound.
    #[error("{what} cannot listen on {address}: {source}")]
    Bind {
        /// The listener, or `http`.
        what: String,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificates, keys or revocation lists of a listener are wrong.
    #[error("listener {listener}: tls: {source}")]
    Tls {
        /// The listener.
        listener: String,
        /// What is wrong.
        source: TlsError,
    },
    /// The site's overlay over the maps is wrong.
    #[error("mapping.overlay is wrong:\n{0}")]
    Overlay(#[from] OverlayError),
    /// Traces cannot be exported to where the configuration says.
    #[error("traces.endpoint: {0}")]
    Traces(String),
    /// A metric is registered twice: a defect of Kiln.
    #[error(transparent)]
    Metrics(#[from] prometheus::Error),
}

/// Why a running pipeline ended other than asked.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A role ended by itself.
    #[error(
        "a part of the pipeline ended by itself; what was acknowledged is kept, start it again"
    )]
    Ended,
    /// It did not stop in time.
    #[error("not everything in hand was finished within {} s; what was acknowledged is kept", .within.as_secs())]
    Late {
        /// `limits.shutdownSeconds`.
        within: Duration,
    },
}
