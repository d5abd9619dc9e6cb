use std::collections::VecDeque;

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::message::Message;

/// Most messages of which fragments can be awaited at a time.
pub const MAX_CONTINUED: usize = 64;

/// Joins what was sent in fragments (HL7 v2.9 §2.10.2).
///
/// ```text
/// MSH|…|124|P|2.5|||                MSH|…|125|P|2.5||W4xy        what comes out:
/// OBR|1|a                           ADD|bc|d                     MSH|…|124|P|2.5|||
/// ADD                    ─ W4xy ─▶  OBX|1                        OBR|1|abc|d
/// DSC|W4xy|F                                                     OBX|1
/// ```
///
/// A segment is continued by ADD segments: what follows `ADD|` belongs to the segment before. A message is continued by
/// the one whose MSH-14 repeats its DSC-1; other messages of the same sender may come between. A bare ADD marks that
/// the segment before goes on in the next message.
///
/// A DSC that belongs to a query or its answer (DSC-2 is `I`, or it says nothing and there is an MSA, QRD or QPD
/// segment) is no fragmentation: more has to be asked for, and the message is whole as it is.
///
/// ```
/// use kiln_hl7::{Continuation, Continuity, Index, Message};
///
/// let mut continuation = Continuation::new(1024 * 1024);
/// let (mut index, mut joined) = (Index::new(), Vec::new());
/// let first = Message::parse(b"MSH|^~\\&|A\rOBR|1|a\rADD\rDSC|W4xy|F\r", &mut index)?;
/// assert_eq!(continuation.take(&first, &mut joined)?, Continuity::Waiting);
/// let second = Message::parse(b"MSH|^~\\&|A|||||||||||W4xy\rADD|bc|d\rOBX|1\r", &mut index)?;
/// assert_eq!(continuation.take(&second, &mut joined)?, Continuity::Joined);
/// assert_eq!(joined, b"MSH|^~\\&|A\rOBR|1|abc|d\rOBX|1\r");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Continuation {
    limit_bytes: usize,
    /// Oldest first.
    held: VecDeque<Held>,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// It is whole as it is.
    Whole,
    /// It completes a message, or its own segments were continued: the whole is in the buffer.
    Joined,
    /// It is a fragment and held until the rest comes.
    Waiting,
}

/// Why a fragment cannot be joined. Never carries content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContinuationError {
    /// MSH-14 continues a message that is not held.
    #[error(
        "MSH-14 continues a message that was not received or is whole; send the fragments in order (at byte {offset})"
    )]
    Unknown {
        /// Of MSH-14.
        offset: usize,
    },
    /// Delimiters or character set are not those of the first fragment, which is given up.
    #[error(
        "a fragment has other delimiters or another character set than the first; send all in the same"
    )]
    Different,
    /// The whole is longer than the limit, or too many are awaited; the message, or the oldest, is given up.
    #[error("fragments add up to more than {limit_bytes} bytes; raise the limit or send less")]
    TooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// DSC-1 is already awaited from that sender; the older one is given up.
    #[error("DSC-1 is the same as that of a message still awaited; make each unique")]
    Duplicate,
}

#[derive(Debug)]
struct Held {
    key: Vec<u8>,
    delimiters: Delimiters,
    charset: Charset,
    bytes: Vec<u8>,
}

impl Continuation {
    /// Holds fragments up to that many bytes in all.
    pub fn new(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            held: VecDeque::new(),
        }
    }

    /// How many messages are awaited.
    pub fn waiting(&self) -> usize {
        self.held.len()
    }

    /// Takes the next message. When it completes one, `out` becomes that; segments end in CR there.
    pub fn take(
        &mut self,
        message: &Message<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Continuity, ContinuationError> {
        let pointer = message.msh().field(14);
        let next = continued_by(message);
        if !pointer.is_valued() && next.is_none() && message.segment("ADD").is_none() {
            return Ok(Continuity::Whole);
        }
        out.clear();
        if pointer.is_valued() {
            let key = key(message, pointer.raw());
            let Some(place) = self.held.iter().position(|held| held.key == key) else {
                let offset = pointer.offset();
                return Err(ContinuationError::Unknown { offset });
            };
            if let Some(before) = self.held.remove(place) {
                let charset = message.msh().field(18);
                let same = before.delimiters == message.delimiters()
                    && (!charset.is_valued() || before.charset == message.charset());
                if !same {
                    return Err(ContinuationError::Different);
                }
                out.extend(before.bytes);
            }
        }
        append(message, pointer.is_valued(), next.is_some(), out);
        let limit_bytes = self.limit_bytes;
        let held: usize = self.held.iter().map(|held| held.bytes.len()).sum();
        if held + out.len() > limit_bytes {
            return Err(ContinuationError::TooLong { limit_bytes });
        }
        let Some(next) = next else {
            return Ok(Continuity::Joined);
        };
        let key = key(message, next);
        let older = self.held.iter().position(|held| held.key == key);
        let given_up = match older {
            Some(place) => self
                .held
                .remove(place)
                .map(|_| ContinuationError::Duplicate),
            None if self.held.len() == MAX_CONTINUED => self
                .held
                .pop_front()
                .map(|_| ContinuationError::TooLong { limit_bytes }),
            None => None,
        };
        self.held.push_back(Held {
            key,
            delimiters: message.delimiters(),
            charset: message.charset(),
            bytes: std::mem::take(out),
        });
        given_up.map_or(Ok(Continuity::Waiting), Err)
    }
}

/// DSC-1, when it says that the message goes on in another.
fn continued_by<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    let dsc = message.segments_named("DSC").last()?;
    let pointer = dsc.field(1);
    let asked_for = match dsc.field(2).raw() {
        b"F" => false,
        b"I" => true,
        _ => ["MSA", "QRD", "QPD"]
            .iter()
            .any(|name| message.segment(name).is_some()),
    };
    (pointer.is_valued() && !asked_for).then(|| pointer.raw())
}

/// A pointer is its sender's own (MSH-3, MSH-4).
fn key(message: &Message<'_>, pointer: &[u8]) -> Vec<u8> {
    let msh = message.msh();
    [msh.field(3).raw(), msh.field(4).raw(), pointer].join(&b'\r')
}

/// Appends a message's segments, each ended by CR, with ADD joined to what it continues; of a fragment without DSC, and
/// of a continuation without MSH.
fn append(message: &Message<'_>, continues: bool, goes_on: bool, out: &mut Vec<u8>) {
    for segment in message.segments().skip(usize::from(continues)) {
        match segment.name() {
            "ADD" => {
                // All behind the separator; a bare ADD only marks.
                if let Some(rest) = segment.raw().get(4..) {
                    if out.last() == Some(&b'\r') {
                        out.pop();
                    }
                    out.extend(rest);
                    out.push(b'\r');
                }
            }
            "DSC" if continues || goes_on => {}
            _ => {
                out.extend(segment.raw());
                out.push(b'\r');
            }
        }
    }
}
