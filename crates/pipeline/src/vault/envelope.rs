//! What an encrypted value looks like, and what it is bound to. `ENCRYPTION.md` says the same for other readers.
//!
//! ```text
//! 1 byte   format, 1
//! 60 bytes the data key: nonce (12), key (32), tag (16)
//! 12 bytes nonce of the value
//! n bytes  the value, as long as it is in the clear
//! 16 bytes tag
//! ```

use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::error::Unspecified;

use super::data_key::{self, OneUse, TAG_LENGTH, WRAPPED_LENGTH};
use super::keys::Key;
use crate::record::{Record, header};

const FORMAT: u8 = 1;
/// Before the value.
const HEAD_LENGTH: usize = 1 + WRAPPED_LENGTH + NONCE_LEN;

/// The headers by which a record is known, in the order in which they are bound. Others may be added on the way.
const BOUND: [&str; 14] = [
    header::FEED,
    header::SENDER,
    header::CONTROL_ID,
    header::MESSAGE_TYPE,
    header::LISTENER,
    header::SEQUENCE_NUMBER,
    header::RECEIVED_AT,
    header::SOURCE,
    header::REASON,
    header::PLACE,
    header::CUT,
    header::LETTER,
    header::DECISION,
    header::DECIDED_AT,
];

/// What a record's value is bound to: the stream, the key, and the headers that identify it. Each part stands behind its
/// length, so that no two records are bound to the same bytes.
fn bound(stream: &str, record: &Record) -> Vec<u8> {
    let mut all = Vec::with_capacity(512);
    part(&mut all, stream);
    part(&mut all, &record.key);
    for name in BOUND {
        for (_, value) in record.headers.iter().filter(|(known, _)| *known == name) {
            part(&mut all, name);
            part(&mut all, value);
        }
    }
    all
}

fn part(all: &mut Vec<u8>, text: &str) {
    all.extend_from_slice(&(text.len() as u64).to_be_bytes());
    all.extend_from_slice(text.as_bytes());
}

/// The encrypted value of a record.
pub(super) fn close(stream: &str, record: &Record, by: &OneUse) -> Result<Vec<u8>, Unspecified> {
    let mut out = Vec::with_capacity(HEAD_LENGTH + record.value.len() + TAG_LENGTH);
    out.push(FORMAT);
    out.extend_from_slice(&by.wrapped);
    out.extend_from_slice(&by.nonce);
    out.extend_from_slice(&record.value);
    let tag = by.key.cipher()?.seal_in_place_separate_tag(
        Nonce::assume_unique_for_key(by.nonce),
        Aad::from(bound(stream, record)),
        &mut out[HEAD_LENGTH..],
    )?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

/// The value of an encrypted record, in the clear.
pub(super) fn open(stream: &str, record: &Record, by: &Key) -> Result<Vec<u8>, Unspecified> {
    let value = record.value.as_ref();
    let (&format, rest) = value.split_first().ok_or(Unspecified)?;
    let (wrapped, rest) = rest.split_first_chunk().ok_or(Unspecified)?;
    let (nonce, inside) = rest.split_at_checked(NONCE_LEN).ok_or(Unspecified)?;
    if format != FORMAT {
        return Err(Unspecified);
    }
    let key = data_key::unwrap(wrapped, by)?;
    let mut out = inside.to_vec();
    let plain = key.cipher()?.open_in_place(
        Nonce::try_assume_unique_for_key(nonce)?,
        Aad::from(bound(stream, record)),
        &mut out,
    )?;
    let length = plain.len();
    out.truncate(length);
    Ok(out)
}
