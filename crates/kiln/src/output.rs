//! Standard output.

use std::io::Write as _;

use crate::failure::Failure;

/// Writes to standard output.
pub(crate) fn print(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    std::io::stdout()
        .lock()
        .write_all(bytes.as_ref())
        .map_err(|error| Failure::output(&error))
}
