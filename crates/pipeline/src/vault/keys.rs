//! The keys of the key file: one a line, the first encrypts and all decrypt.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, LessSafeKey, UnboundKey};
use ring::error::Unspecified;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// Most keys in the file: the one that encrypts, and those of records that are kept yet.
const MAX_KEYS: usize = 64;
/// Longest key file.
const KEY_FILE_BYTES: usize = 16 * 1024;
/// Bytes of a key of AES-256.
pub(super) const KEY_LENGTH: usize = 32;
/// Bytes of a key's digest that name it.
const ID_LENGTH: usize = 8;
/// Before the key in what its name is the digest of.
const ID_OF: &[u8] = b"kiln key id 1";

/// A key of AES-256. Wiped from memory when it is dropped; what the cipher makes of it lives as long as one record.
#[derive(Clone)]
pub(super) struct Key(Zeroizing<[u8; KEY_LENGTH]>);

/// The keys of a key file; at least one.
#[derive(Clone)]
pub(super) struct Keys {
    first: (String, Key),
    others: Vec<(String, Key)>,
}

/// Why a key file cannot be used. Shows nothing of its lines.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is too long to be a key file.
    #[error("{}: longer than {KEY_FILE_BYTES} bytes; it holds one key a line", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// A line is no key.
    #[error(
        "{}:{line}: not a key: 32 bytes, in hexadecimal or base64; `openssl rand -hex 32` makes one",
        .path.display()
    )]
    NoKey {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A key stands twice.
    #[error("{}:{line}: the same key stands before; remove this line", .path.display())]
    Twice {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// There is none.
    #[error("{}: no key; `openssl rand -hex 32` makes one", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There are too many.
    #[error("{}: more than {MAX_KEYS} keys; remove those of which no record is kept any more", .path.display())]
    TooMany {
        /// The file.
        path: PathBuf,
    },
}

impl Key {
    pub(super) fn new(bytes: Zeroizing<[u8; KEY_LENGTH]>) -> Key {
        Key(bytes)
    }

    /// What encrypts by it, for the one record in hand.
    pub(super) fn cipher(&self) -> Result<LessSafeKey, Unspecified> {
        UnboundKey::new(&AES_256_GCM, self.0.as_ref()).map(LessSafeKey::new)
    }

    /// By which records name it: a digest, from which nobody comes to the key.
    fn id(&self) -> String {
        let digest = Sha256::new()
            .chain_update(ID_OF)
            .chain_update(self.0.as_ref())
            .finalize();
        let mut id = String::with_capacity(2 * ID_LENGTH);
        for byte in &digest[..ID_LENGTH] {
            // Writing to a string cannot fail.
            let _ = write!(id, "{byte:02x}");
        }
        id
    }
}

impl Keys {
    /// Reads a key file.
    pub(super) fn read(path: &Path) -> Result<Keys, KeysError> {
        let failed = |source| KeysError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        // As long as it may become, so that no copy is left behind where it grew.
        let mut text = Zeroizing::new(Vec::with_capacity(KEY_FILE_BYTES + 64));
        file.take(KEY_FILE_BYTES as u64 + 1)
            .read_to_end(&mut text)
            .map_err(failed)?;
        if text.len() > KEY_FILE_BYTES {
            return Err(KeysError::TooLarge {
                path: path.to_owned(),
            });
        }
        Keys::parse(&text, path)
    }

    fn parse(text: &[u8], path: &Path) -> Result<Keys, KeysError> {
        let mut all: Vec<(String, Key)> = Vec::new();
        for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            let (path, at) = (path.to_owned(), at + 1);
            let Some(key) = key(line) else {
                return Err(KeysError::NoKey { path, line: at });
            };
            let id = key.id();
            if all.iter().any(|(known, _)| *known == id) {
                return Err(KeysError::Twice { path, line: at });
            }
            if all.len() == MAX_KEYS {
                return Err(KeysError::TooMany { path });
            }
            all.push((id, key));
        }
        let mut all = all.into_iter();
        let first = all.next().ok_or_else(|| KeysError::Empty {
            path: path.to_owned(),
        })?;
        Ok(Keys {
            first,
            others: all.collect(),
        })
    }

    /// The name of the key that encrypts, and the key.
    pub(super) fn first(&self) -> (&str, &Key) {
        (&self.first.0, &self.first.1)
    }

    /// The key of that name.
    pub(super) fn get(&self, id: &str) -> Option<&Key> {
        self.all()
            .find(|(known, _)| known == id)
            .map(|(_, key)| key)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        1 + self.others.len()
    }

    fn all(&self) -> impl Iterator<Item = &(String, Key)> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// The same keys in the same order; a name stands for its key.
impl PartialEq for Keys {
    fn eq(&self, other: &Keys) -> bool {
        self.all()
            .map(|(id, _)| id)
            .eq(other.all().map(|(id, _)| id))
    }
}

/// A key as it is written: 64 digits of hexadecimal, or 44 characters of base64.
fn key(line: &[u8]) -> Option<Key> {
    let mut bytes = Zeroizing::new([0; KEY_LENGTH]);
    if line.len() == 2 * KEY_LENGTH {
        for (byte, digits) in bytes.iter_mut().zip(line.chunks_exact(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16);
            let (high, low) = (value(digits[0])?, value(digits[1])?);
            *byte = u8::try_from(16 * high + low).ok()?;
        }
        return Some(Key(bytes));
    }
    // Base64 is decoded in groups of three bytes.
    let mut decoded = Zeroizing::new([0; KEY_LENGTH + 1]);
    let length = STANDARD.decode_slice(line, decoded.as_mut()).ok()?;
    if length != KEY_LENGTH {
        return None;
    }
    bytes.copy_from_slice(&decoded[..KEY_LENGTH]);
    Some(Key(bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ONE: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    /// The same in base64.
    const ONE_AGAIN: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OTHER: &str = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";

    fn parse(text: &str) -> Result<Keys, String> {
        Keys::parse(text.as_bytes(), Path::new("keys")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_is_the_same_in_either_writing_and_the_first_encrypts() {
        let hex = parse(&format!("# of this year\n{ONE}\r\n\n  {OTHER}\n")).unwrap();
        let base64 = parse(&format!("{ONE_AGAIN}\n{}", OTHER.to_uppercase())).unwrap();
        assert!(hex == base64);
        assert_eq!(hex.len(), 2);
        let (id, key) = hex.first();
        let bytes: Vec<u8> = (0..32).collect();
        assert_eq!(key.0.as_slice(), bytes);
        assert!(hex.get(id).is_some() && hex.get("0000000000000000").is_none());
        assert!(hex != parse(&format!("{OTHER}\n{ONE}")).unwrap());
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_not_shown() {
        for (text, told) in [
            ("", "keys: no key"),
            ("# none\n", "keys: no key"),
            ("abc123", "keys:1: not a key"),
            (&format!("{ONE}\n{}", &ONE[2..]), "keys:2: not a key"),
            (&format!("{ONE}\n\n{}zz", &ONE[2..]), "keys:3: not a key"),
            (
                "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==",
                "keys:1: not a key",
            ),
            (&format!("{ONE}\n{ONE_AGAIN}"), "keys:2: the same key"),
        ] {
            let error = parse(text).err().unwrap();
            assert!(error.starts_with(told), "{error}");
            assert!(
                !error.contains("abc123") && !error.contains("0203"),
                "{error}"
            );
        }
        let many: Vec<String> = (0..=MAX_KEYS).map(|n| format!("{n:064x}")).collect();
        let error = parse(&many.join("\n")).err().unwrap();
        assert!(error.starts_with("keys: more than 64 keys"), "{error}");
    }
}
