//! What is to be sent, in order, and which feed each message belongs to.

use std::num::NonZeroUsize;

use bytes::Bytes;
use kiln_hl7::{Index, Message};

use crate::failure::Failure;

/// One message on its way out.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    pub(crate) control_id: String,
    pub(crate) message_type: String,
    /// Sending application and facility as written: what is ordered among itself.
    pub(crate) feed: Vec<u8>,
    pub(crate) bytes: Bytes,
}

/// The messages of files, `count` of them when given, starting over at the end.
pub(crate) fn outgoing<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    count: Option<NonZeroUsize>,
) -> Result<Vec<Outgoing>, Failure> {
    let mut index = Index::new();
    let mut once: Vec<(Outgoing, std::ops::Range<usize>)> = Vec::new();
    for (name, bytes) in files {
        for (n, message) in kiln_hl7::batch::messages(bytes).enumerate() {
            let parsed = Message::parse(message, &mut index).map_err(|error| {
                Failure::wrong(format!(
                    "{name}, message {}: {error}; `kiln send` sends only what it can read",
                    n + 1
                ))
            })?;
            let header = parsed.header();
            let control = parsed.msh().field(10);
            let start = control.offset();
            let outgoing = Outgoing {
                control_id: text(header.control_id()),
                message_type: format!(
                    "{}^{}",
                    text(header.message_code()),
                    text(header.trigger_event())
                ),
                feed: [
                    parsed.msh().field(3).raw(),
                    b"|",
                    parsed.msh().field(4).raw(),
                ]
                .concat(),
                bytes: Bytes::copy_from_slice(message),
            };
            once.push((outgoing, start..start + control.raw().len()));
        }
    }
    if once.is_empty() {
        return Err(Failure::wrong(
            "no message in these files: a message starts with MSH",
        ));
    }
    let count = count.map_or(once.len(), NonZeroUsize::get);
    Ok((0..count)
        .map(|n| nth_round(&once[n % once.len()], n / once.len() + 1))
        .collect())
}

/// A later round is not a resend of the first: its control ids say so.
fn nth_round((message, control): &(Outgoing, std::ops::Range<usize>), round: usize) -> Outgoing {
    if round == 1 {
        return message.clone();
    }
    let suffix = format!("-{round}");
    let (before, after) = message.bytes.split_at(control.end);
    Outgoing {
        control_id: format!("{}{suffix}", message.control_id),
        bytes: [before, suffix.as_bytes(), after].concat().into(),
        ..message.clone()
    }
}

fn text(value: kiln_hl7::Value<'_>) -> String {
    value
        .text()
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}
