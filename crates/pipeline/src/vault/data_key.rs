//! The key that records are encrypted by for a while, and which stands in each of them, encrypted itself.

use std::time::{Duration, Instant};

use ring::aead::{Aad, NONCE_LEN, Nonce};
use ring::error::Unspecified;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::keys::{KEY_LENGTH, Key};

/// Bytes of an authentication tag.
pub(super) const TAG_LENGTH: usize = 16;
/// A data key in a record: nonce, key and tag.
pub(super) const WRAPPED_LENGTH: usize = NONCE_LEN + KEY_LENGTH + TAG_LENGTH;
/// What a wrapped key is bound to.
const WRAPPED_AS: &[u8] = b"kiln data key 1";
/// Most records of one data key: what one nonce too many, or one key that became known, would tell.
const DATA_KEY_MESSAGES: u64 = 1 << 20;
/// Longest use of one.
const DATA_KEY_TIME: Duration = Duration::from_secs(60 * 60);

/// A data key in use. Its nonces are counted, so that none comes twice: no other process has the key.
pub(super) struct DataKey {
    key: Key,
    wrapped: [u8; WRAPPED_LENGTH],
    /// The name of the key that wrapped it.
    wrapped_by: String,
    used: u64,
    made: Instant,
}

/// What one record is encrypted by.
pub(super) struct OneUse {
    pub(super) key: Key,
    pub(super) nonce: [u8; NONCE_LEN],
    pub(super) wrapped: [u8; WRAPPED_LENGTH],
    pub(super) wrapped_by: String,
}

impl DataKey {
    /// A new one, wrapped by the key of that name.
    pub(super) fn new(wrapped_by: &str, by: &Key) -> Result<DataKey, Unspecified> {
        let random = SystemRandom::new();
        let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
        random.fill(bytes.as_mut())?;
        let mut wrapped = [0; WRAPPED_LENGTH];
        let (nonce, rest) = wrapped.split_at_mut(NONCE_LEN);
        random.fill(nonce)?;
        let mut of_key = [0; NONCE_LEN];
        of_key.copy_from_slice(nonce);
        let (inside, tag) = rest.split_at_mut(KEY_LENGTH);
        inside.copy_from_slice(bytes.as_ref());
        let sealed = by.cipher()?.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(of_key),
            Aad::from(WRAPPED_AS),
            inside,
        )?;
        tag.copy_from_slice(sealed.as_ref());
        Ok(DataKey {
            key: Key::new(bytes),
            wrapped,
            wrapped_by: wrapped_by.to_owned(),
            used: 0,
            made: Instant::now(),
        })
    }

    /// Whether it has done its part.
    pub(super) fn is_spent(&self) -> bool {
        self.used >= DATA_KEY_MESSAGES || self.made.elapsed() >= DATA_KEY_TIME
    }

    /// For the next record.
    pub(super) fn take(&mut self) -> OneUse {
        let mut nonce = [0; NONCE_LEN];
        nonce[NONCE_LEN - 8..].copy_from_slice(&self.used.to_be_bytes());
        self.used += 1;
        OneUse {
            key: self.key.clone(),
            nonce,
            wrapped: self.wrapped,
            wrapped_by: self.wrapped_by.clone(),
        }
    }
}

/// The data key in a record.
pub(super) fn unwrap(wrapped: &[u8; WRAPPED_LENGTH], by: &Key) -> Result<Key, Unspecified> {
    let (nonce, inside) = wrapped.split_at(NONCE_LEN);
    let mut opened = Zeroizing::new([0; KEY_LENGTH + TAG_LENGTH]);
    opened.copy_from_slice(inside);
    let nonce = Nonce::try_assume_unique_for_key(nonce)?;
    let plain = by
        .cipher()?
        .open_in_place(nonce, Aad::from(WRAPPED_AS), opened.as_mut())?;
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    bytes.copy_from_slice(plain);
    Ok(Key::new(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn data_key() -> (DataKey, Key) {
        let by = Key::new(Zeroizing::new([7; KEY_LENGTH]));
        (DataKey::new("seven", &by).unwrap(), by)
    }

    #[test]
    fn it_is_unwrapped_by_the_key_that_wrapped_it_alone() {
        let (mut known, by) = data_key();
        let wrapped = known.take().wrapped;
        assert!(unwrap(&wrapped, &by).is_ok());
        assert!(unwrap(&wrapped, &Key::new(Zeroizing::new([8; KEY_LENGTH]))).is_err());
        for at in [0, NONCE_LEN, WRAPPED_LENGTH - 1] {
            let mut altered = wrapped;
            altered[at] ^= 1;
            assert!(unwrap(&altered, &by).is_err());
        }
    }

    #[test]
    fn no_nonce_comes_twice_and_it_is_spent_in_the_end() {
        let (mut known, _) = data_key();
        let first = known.take();
        assert!(known.take().nonce != first.nonce && !known.is_spent());
        known.used = DATA_KEY_MESSAGES - 1;
        assert!(!known.is_spent());
        known.take();
        assert!(known.is_spent());
        let (other, _) = data_key();
        assert!(other.wrapped != first.wrapped);
    }
}
