//! Escape sequences (HL7 v2.9 §2.7): finding them, and what they stand for.

mod piece;
mod sequence;
mod text;
mod token;

pub use piece::Piece;
pub(crate) use piece::pieces;
pub(crate) use sequence::Escape;
pub use sequence::Format;
pub(crate) use text::{decode, is_text};
pub(crate) use token::{Token, Tokens};
