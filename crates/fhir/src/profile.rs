//! Which profile of R4 the maps aim at.

use std::fmt;
use std::str::FromStr;

/// A profile of FHIR R4 that the maps aim at. One other than R4 itself is an overlay that is embedded in the crate
/// (`maps/profiles`); a site's overlay lies over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// R4 itself.
    #[default]
    R4,
    /// US Core 6.1.0.
    UsCore,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 2] = [Profile::R4, Profile::UsCore];

    /// As written in a configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::R4 => "r4",
            Profile::UsCore => "us-core",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text is no profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such profile: r4 or us-core")]
pub struct ParseProfileError;

impl FromStr for Profile {
    type Err = ParseProfileError;

    fn from_str(text: &str) -> Result<Profile, ParseProfileError> {
        Profile::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or(ParseProfileError)
    }
}
