//! The maps that a command converts by.

use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use clap::Args;
use kiln_fhir::{Mapper, Profile, UtcOffset};
use kiln_pipeline::mapping::overlay;

use crate::failure::Failure;

/// Kiln's own maps, with what the site says.
#[derive(Debug, Args)]
pub(crate) struct Maps {
    /// Offset from UTC of times that state none, such as -05:00
    #[arg(long, default_value = "+00:00", value_name = "OFFSET", value_parser = UtcOffset::from_str, allow_hyphen_values = true)]
    pub(crate) time_zone: UtcOffset,
    /// The profile of FHIR R4 that resources aim at: r4 or us-core
    #[arg(long, default_value_t = Profile::R4, value_parser = Profile::from_str)]
    profile: Profile,
    /// A site's overlay over the maps
    #[arg(long, value_name = "DIR")]
    overlay: Option<PathBuf>,
}

impl Maps {
    pub(crate) fn mapper(&self) -> Result<Mapper, Failure> {
        profiled(self.profile, self.overlay.as_deref())
    }
}

/// Kiln's own maps of a profile, with a site's overlay where there is one.
pub(crate) fn profiled(profile: Profile, site: Option<&Path>) -> Result<Mapper, Failure> {
    let mapper = Mapper::profiled(profile).map_err(Failure::stopped)?;
    match site {
        Some(directory) => overlay(&mapper, directory).map_err(Failure::wrong),
        None => Ok(mapper),
    }
}
