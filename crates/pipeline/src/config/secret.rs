//! Secrets come from files or the environment, never from the configuration itself, and are never shown.

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;

/// A secret value. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(super) fn new(value: String) -> Secret {
        Secret(value)
    }

    /// The value itself, for the client that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Where a value is given: a file is read whenever the value is needed, so that it may be renewed.
#[derive(Clone, Debug)]
pub enum Given {
    /// By itself.
    Here(Secret),
    /// In a file, without its final line end.
    File(PathBuf),
}

impl Given {
    /// The value as it is now.
    pub fn read(&self) -> io::Result<Secret> {
        match self {
            Given::Here(value) => Ok(value.clone()),
            Given::File(path) => {
                let text = fs::read_to_string(path)?;
                Ok(Secret(text.trim_end_matches(['\r', '\n']).to_owned()))
            }
        }
    }
}
