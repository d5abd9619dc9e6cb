//! Why files are no TLS settings.

use std::io;
use std::path::PathBuf;

/// Why the files of a listener's TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file is larger than such a file may be.
    #[error("{path}: more than {limit} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The bound.
        limit: u64,
    },
    /// A file holds nothing of what is looked for.
    #[error("{path}: no {what} in it; give it in PEM, with its BEGIN and END lines")]
    Nothing {
        /// The file.
        path: PathBuf,
        /// What is looked for.
        what: &'static str,
    },
    /// A file is not what it should be.
    #[error("{path}: {what}: {detail}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What is wrong; nothing of the file's content.
        detail: String,
    },
    /// The key is that of another certificate.
    #[error("{key} is not the key of the certificate in {cert}; give the two that belong together")]
    OtherKey {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
}
