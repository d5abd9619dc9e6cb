//! What is remembered of a raw message to know it again: digests, never content, and the same few bytes for every message.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::record::header;
use crate::store::RawRecord;

/// A raw message as the window of duplicates remembers it. A pure function of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// Its offset in its partition.
    pub offset: i64,
    /// When it was received, in milliseconds since 1970-01-01T00:00Z, as the record itself says; 0 when it does not.
    pub received_at: i64,
    /// Digest of feed, sender and MSH-10: what identifies a message to its sender.
    pub(crate) identity: [u8; 8],
    /// Digest of the feed and the message's bytes. Equal bytes have an equal sender and MSH-10, since both are in them.
    pub(crate) copy: [u8; 16],
    /// Digest of the same and the dead letter that it was appended again from; none for what a sender sent.
    pub(crate) retry: Option<[u8; 16]>,
}

impl Sighting {
    /// Of a raw message.
    pub fn of(raw: &RawRecord) -> Sighting {
        let record = &raw.record;
        let feed = record.key.as_bytes();
        Sighting {
            offset: raw.position.offset,
            received_at: record.header(header::RECEIVED_AT).parse().unwrap_or(0),
            identity: digest([
                feed,
                record.header(header::SENDER).as_bytes(),
                record.header(header::CONTROL_ID).as_bytes(),
            ]),
            copy: digest([feed, &record.value]),
            retry: record
                .headers
                .get(header::LETTER)
                .map(|letter| digest([feed, &record.value, letter.as_bytes()])),
        }
    }
}

/// The first bytes of SHA-256 over the parts, each behind its length.
fn digest<const PARTS: usize, const BYTES: usize>(parts: [&[u8]; PARTS]) -> [u8; BYTES] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let mut first = [0; BYTES];
    first.copy_from_slice(&hash.finalize()[..BYTES]);
    first
}
