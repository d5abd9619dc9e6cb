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

/// Converts a message. A panic of the mapping is a defect of ours and costs that message only.
pub(crate) fn convert(
    mapper: &Mapper,
    message: &Message<'_>,
    options: ConvertOptions,
    out: &mut Conversion,
) -> Result<(), Unmapped> {
    match catch_unwind(AssertUnwindSafe(|| mapper.convert(message, &options, out))) {
        Ok(Ok(())) => Ok(()),
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
