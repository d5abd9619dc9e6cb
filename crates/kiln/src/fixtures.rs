//! The messages that the binary carries: those of `fixtures/messages`, of invented people.

/// The fixtures, in the order of their names: `(name, bytes)`.
pub(crate) const FIXTURES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/fixtures.rs"));
