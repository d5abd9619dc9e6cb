//! `kiln explain`

mod json;
mod text;

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::{Index, Message};

use crate::failure::Failure;
use crate::maps::Maps;
use crate::messages;
use crate::output::print;

/// Show where each FHIR element of a message comes from
#[derive(Debug, Args)]
#[command(
    long_about = "Converts messages by the same plan as production, and shows for every FHIR element its value, the HL7 path that it comes from, and the map file and line of the row that put it there; then the decisions that were taken, the values that could not be mapped, and the values of the message that nothing used.\n\nIt prints what is in the message: the output is as confidential as the input.",
    after_help = "Examples:\n  kiln explain message.hl7\n  kiln explain message.hl7 --type Patient            one type of resource\n  kiln explain message.hl7 | grep PV1-3              what became of a field\n  kiln explain --json message.hl7 | jq '.unused[].path'\n\nExit codes: 0 all explained; 1 some messages failed, and why; 2 nothing to explain."
)]
pub(crate) struct Explain {
    /// Files, directories, or - for standard input
    #[arg(required = true, value_name = "MESSAGE")]
    messages: Vec<PathBuf>,
    /// Only resources of this type, such as Patient
    #[arg(long = "type", short, value_name = "TYPE")]
    resource_type: Option<String>,
    #[command(flatten)]
    maps: Maps,
    /// One JSON object a message, with values in full
    #[arg(long)]
    json: bool,
}

/// What is explained: which message of which input.
struct Which<'a> {
    input: &'a str,
    /// From 1.
    number: usize,
}

impl Explain {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let inputs = messages::inputs(&self.messages)?;
        let mapper = self.maps.mapper()?;
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let (mut index, mut conversion) = (Index::new(), Conversion::new());
        let (mut found, mut failed) = (0_usize, false);
        for input in inputs {
            let (name, bytes) = (input.name(), input.bytes()?);
            for (number, bytes) in (1..).zip(kiln_hl7::batch::messages(&bytes)) {
                found += 1;
                let which = Which {
                    input: &name,
                    number,
                };
                match self.explained(bytes, &mapper, &which, &mut index, &mut conversion, colour) {
                    Ok(text) => print(text)?,
                    Err(why) => {
                        eprintln!("kiln: {name}, message {number}: {why}");
                        failed = true;
                    }
                }
            }
        }
        if found == 0 {
            return Err(Failure::wrong(
                "no message in it: a message starts with MSH",
            ));
        }
        if failed {
            return Err(Failure::SomeFailed);
        }
        Ok(())
    }

    fn explained(
        &self,
        bytes: &[u8],
        mapper: &Mapper,
        which: &Which<'_>,
        index: &mut Index,
        conversion: &mut Conversion,
        colour: bool,
    ) -> Result<String, String> {
        let message = Message::parse(bytes, index).map_err(|error| error.to_string())?;
        if let Some(filter) = mapper.filter(&message, conversion) {
            return Ok(if self.json {
                json::dropped(which, filter)
            } else {
                text::dropped(which, filter)
            });
        }
        let options = ConvertOptions {
            default_offset: self.maps.time_zone,
            ..ConvertOptions::default()
        };
        let mut explanation = mapper
            .explain(&message, &options, conversion)
            .map_err(|error| error.to_string())?;
        if let Some(only) = &self.resource_type {
            explanation
                .resources
                .retain(|resource| resource.resource_type.eq_ignore_ascii_case(only));
        }
        Ok(if self.json {
            json::line(which, &explanation)
        } else {
            text::page(which, &explanation, colour)
        })
    }
}
