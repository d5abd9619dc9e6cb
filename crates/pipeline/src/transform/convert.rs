//! Converts one message, whatever it does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use kiln_fhir::{Conversion, ConvertOptions, Mapper};
use kiln_hl7::Message;

/// Why a message gave no FHIR.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unmapped {
    /// A stable word.
    pub(crate) reason: &'static str,
    /// Where in the message.
    pub(crate) place: String,
    /// A sentence without content.
    pub(crate) detail: String,
}

/// What a message became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Converted {
    /// Resources, in the conversion.
    Resources,
    /// Nothing: the site's filter of that name drops it.
    Dropped(String),
}

/// Converts a message, unless a filter of the site drops it. A panic of the mapping is a defect of ours and costs that message only.
pub(crate) fn convert(
    mapper: &Mapper,
    message: &Message<'_>,
    options: ConvertOptions,
    out: &mut Conversion,
) -> Result<Converted, Unmapped> {
    let result = catch_unwind(AssertUnwindSafe(|| {
        if let Some(filter) = mapper.filter(message, out) {
            return Ok(Converted::Dropped(filter.to_owned()));
        }
        mapper
            .convert(message, &options, out)
            .map(|()| Converted::Resources)
    }));
    match result {
        Ok(Ok(converted)) => Ok(converted),
        Ok(Err(error)) => Err(Unmapped {
            reason: error.reason(),
            place: "MSH-9".to_owned(),
            detail: error.to_string(),
        }),
        Err(_) => {
            *out = Conversion::new();
            Err(Unmapped {
                reason: "mapping-panic",
                place: String::new(),
                detail: "the mapping failed; this is a defect of Kiln, please report it".to_owned(),
            })
        }
    }
}
