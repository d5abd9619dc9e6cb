//! `kiln convert`

mod conversion;
mod progress;
mod summary;
mod work;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::maps::Maps;
use crate::messages;

/// Convert files of messages to FHIR R4, offline
#[derive(Debug, Args)]
#[command(
    long_about = "Converts files of HL7v2 messages to FHIR R4. No store, no network.\n\nA file holds one message or many; line ends may be CR, LF or CRLF; MLLP frames and FHS/BHS batches are understood. Directories are searched for *.hl7.\n\nWith --out every input PATH/name.hl7 becomes DIR/name.json, with its path below the argument: one transaction Bundle, or a Bundle a line when it held several messages; with --format ndjson, .ndjson: one resource a line. Without --out the same lines go to standard output, resources unless --format bundle is given.",
    after_help = "Examples:\n  kiln convert message.hl7 | jq .resourceType\n  kiln convert --out fhir messages/            messages/lab/a.hl7 becomes fhir/lab/a.json\n  cat feed.hl7 | kiln convert --format bundle -\n\nExit codes: 0 all converted; 1 some messages failed, the summary says which, where and why; 2 nothing to convert."
)]
pub(crate) struct Convert {
    /// Files, directories, or - for standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One resource a line, or one Bundle a message [default: bundle with --out, else ndjson]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write one file for each input below this directory, which is made when missing
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    maps: Maps,
    /// Files at a time [default: one for each processor]
    #[arg(long, short, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// Print the summary as one JSON object on standard error
    #[arg(long)]
    json: bool,
}

/// What the output holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One resource a line
    Ndjson,
    /// One transaction Bundle a message
    Bundle,
}

impl Convert {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let inputs = messages::inputs(&self.paths)?;
        let mapper = self.maps.mapper()?;
        let format = self.format.unwrap_or(if self.out.is_some() {
            Format::Bundle
        } else {
            Format::Ndjson
        });
        let jobs = self
            .jobs
            .or_else(|| thread::available_parallelism().ok())
            .map_or(1, NonZeroUsize::get);
        let plan = work::Plan {
            mapper: &mapper,
            format,
            time_zone: self.maps.time_zone,
            out: self.out.as_deref(),
            jobs,
        };
        if self.out.is_some() {
            work::check_outputs(&inputs, format)?;
        }
        let summary = work::convert_all(&plan, &inputs)?;
        if self.json {
            eprintln!("{}", summary.json());
        } else {
            eprint!("{}", summary.text(self.out.is_some()));
        }
        if summary.all_converted() {
            Ok(())
        } else {
            Err(Failure::SomeFailed)
        }
    }
}
