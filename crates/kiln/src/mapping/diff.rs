//! `kiln mapping diff`

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use clap::Args;
use kiln_fhir::{Conversion, ConvertOptions, Mapper, Profile};
use kiln_hl7::{Index, Message};
use kiln_pipeline::mapping::overlay;
use serde::Serialize;

use crate::differences::{Outcome, Report, Resource, differences};
use crate::failure::Failure;
use crate::messages;
use crate::output::print;

/// Show what another overlay would change, element by element, before anyone deploys it
#[derive(Debug, Args)]
#[command(
    long_about = "Converts messages under two overlays and lists the differences of their resources by element, counted. It shows no values unless asked to.",
    after_help = "Examples:\n  kiln mapping diff overlay/ overlay-new/ messages/\n  kiln mapping diff none overlay/ messages/         against Kiln's own maps\n  kiln mapping diff old/ new/ messages/ --json | jq '.changes[]'"
)]
pub(crate) struct Diff {
    /// The overlay as it is, or none
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The overlay as it would be, or none
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Files or directories of messages
    #[arg(required = true, value_name = "MESSAGES")]
    messages: Vec<PathBuf>,
    /// The profile that both lie over: r4 or us-core
    #[arg(long, default_value_t = Profile::R4, value_parser = Profile::from_str)]
    profile: Profile,
    /// Show the values of the first occurrence of each change: they are content of messages
    #[arg(long)]
    values: bool,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// Where a message lies.
#[derive(Serialize)]
struct InFile {
    file: String,
    /// From 1.
    message: usize,
}

impl fmt::Display for InFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, message {}", self.file, self.message)
    }
}

impl Diff {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let base = Mapper::profiled(self.profile).map_err(Failure::stopped)?;
        let (old, new) = (side(&base, &self.old)?, side(&base, &self.new)?);
        let mut report = Report::new();
        let (mut index, mut conversion) = (Index::new(), Conversion::new());
        for input in messages::inputs(&self.messages)? {
            let bytes = input.bytes()?;
            for (n, bytes) in kiln_hl7::batch::messages(&bytes).enumerate() {
                let Ok(message) = Message::parse(bytes, &mut index) else {
                    continue;
                };
                let before = outcome(old.as_ref().unwrap_or(&base), &message, &mut conversion);
                let after = outcome(new.as_ref().unwrap_or(&base), &message, &mut conversion);
                report.add(
                    differences(before, after),
                    || InFile {
                        file: input.name(),
                        message: n + 1,
                    },
                    self.values,
                );
            }
        }
        report.sort();
        let text = if self.json {
            serde_json::to_string(&report).map_err(Failure::stopped)? + "\n"
        } else {
            report.text()
        };
        print(text)
    }
}

fn side(base: &Mapper, directory: &Path) -> Result<Option<Mapper>, Failure> {
    if directory.as_os_str() == "none" {
        return Ok(None);
    }
    overlay(base, directory).map(Some).map_err(Failure::wrong)
}

fn outcome(mapper: &Mapper, message: &Message<'_>, conversion: &mut Conversion) -> Outcome {
    if let Some(filter) = mapper.filter(message, conversion) {
        return Outcome::Dropped(filter.to_owned());
    }
    let options = ConvertOptions::default();
    if let Err(error) = mapper.convert(message, &options, conversion) {
        return Outcome::Failed(error.reason().to_owned());
    }
    let resources = conversion.resources();
    Outcome::Resources(
        resources
            .map(|resource| Resource::read(resource.json))
            .collect(),
    )
}
