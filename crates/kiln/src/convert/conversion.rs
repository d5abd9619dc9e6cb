//! One file's messages, converted.

use kiln_fhir::{ConvertOptions, Mapper, References, UtcOffset};
use kiln_hl7::{Index, Message};

use super::Format;

/// What one file gave.
#[derive(Debug, Default)]
pub(crate) struct Converted {
    /// NDJSON, or one Bundle a line.
    pub(crate) bytes: Vec<u8>,
    pub(crate) messages: usize,
    /// Messages that the overlay's filters drop.
    pub(crate) dropped: usize,
    pub(crate) resources: usize,
    /// Values that could not be mapped.
    pub(crate) issues: usize,
    pub(crate) failures: Vec<Unconverted>,
}

/// One message that failed: which, where, why.
#[derive(Debug)]
pub(crate) struct Unconverted {
    /// 1-based in the file; 0 is the file itself.
    pub(crate) message: usize,
    pub(crate) why: String,
}

/// A converter with its reused storage; one for each thread.
pub(crate) struct Converter<'m> {
    mapper: &'m Mapper,
    format: Format,
    options: ConvertOptions,
    index: Index,
    conversion: kiln_fhir::Conversion,
}

impl<'m> Converter<'m> {
    pub(crate) fn new(mapper: &'m Mapper, format: Format, time_zone: UtcOffset) -> Self {
        let references = match format {
            Format::Ndjson => References::Relative,
            Format::Bundle => References::Urn,
        };
        Converter {
            mapper,
            format,
            options: ConvertOptions {
                references,
                default_offset: time_zone,
            },
            index: Index::new(),
            conversion: kiln_fhir::Conversion::new(),
        }
    }

    pub(crate) fn file(&mut self, bytes: &[u8]) -> Converted {
        let mut converted = Converted::default();
        for message in kiln_hl7::batch::messages(bytes) {
            converted.messages += 1;
            if let Err(why) = self.message(message, &mut converted) {
                converted.failures.push(Unconverted {
                    message: converted.messages,
                    why,
                });
            }
        }
        if converted.messages == 0 {
            let why = "no message in it: a message starts with MSH".to_owned();
            converted.failures.push(Unconverted { message: 0, why });
        }
        converted
    }

    fn message(&mut self, bytes: &[u8], converted: &mut Converted) -> Result<(), String> {
        let message = Message::parse(bytes, &mut self.index).map_err(|error| error.to_string())?;
        if self.mapper.filter(&message, &mut self.conversion).is_some() {
            converted.dropped += 1;
            return Ok(());
        }
        self.mapper
            .convert(&message, &self.options, &mut self.conversion)
            .map_err(|error| error.to_string())?;
        converted.resources += self.conversion.resources().len();
        converted.issues += self.conversion.issues().len();
        match self.format {
            Format::Ndjson => {
                for resource in self.conversion.resources() {
                    converted.bytes.extend_from_slice(resource.json);
                    converted.bytes.push(b'\n');
                }
            }
            Format::Bundle => {
                self.conversion.write_bundle(&mut converted.bytes);
                converted.bytes.push(b'\n');
            }
        }
        Ok(())
    }
}
