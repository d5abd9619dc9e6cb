//! `kiln tail`

use std::io::{IsTerminal as _, Write as _};

use clap::{Args, ValueEnum};
use kiln_fhir::indent;
use kiln_pipeline::store::{Selection, Stream};

use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;

/// Show what was emitted
#[derive(Debug, Args)]
#[command(
    long_about = "Shows the FHIR resources that were emitted, in order, from the embedded store's directory or from Kafka. It only reads, and works beside a running `kiln serve`.",
    after_help = "Examples:\n  kiln tail --type Patient --follow\n  kiln tail --config kiln.yaml --type Observation | jq .valueQuantity\n  kiln tail --dir kiln-demo --format pretty"
)]
pub(crate) struct Tail {
    /// Only resources of this type, such as Patient
    #[arg(long = "type", short, value_name = "TYPE")]
    resource_type: Option<String>,
    /// Wait for more
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    emitted: Emitted,
    /// How to print: pretty on a terminal, NDJSON otherwise, unless said here
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Indented, for people
    Pretty,
    /// One resource a line, for programs
    Ndjson,
}

impl Tail {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let format = self.format.unwrap_or(if std::io::stdout().is_terminal() {
            Format::Pretty
        } else {
            Format::Ndjson
        });
        interrupt::runtime()?.block_on(async {
            let stop = interrupt::token()?;
            let selection = Selection {
                stream: Stream::Fhir,
                resource_type: self.resource_type.clone(),
                follow: self.follow,
                ..Selection::default()
            };
            let mut reader = self.emitted.open(selection).await?;
            loop {
                let record = tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    record = reader.next() => record.map_err(Failure::stopped)?,
                };
                let Some(record) = record else { return Ok(()) };
                print(&record.value, format)?;
            }
        })
    }
}

fn print(json: &[u8], format: Format) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let written = match format {
        Format::Pretty => writeln!(out, "{}", indent(&String::from_utf8_lossy(json))),
        Format::Ndjson => out.write_all(json).and_then(|()| out.write_all(b"\n")),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}
