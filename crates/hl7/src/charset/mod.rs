//! Character sets: what MSH-18 names, and how its bytes become text.

mod iso2022;
mod set;
mod utf16;

pub(crate) use iso2022::{Designation, ESC, Shift, skip_shifted};
pub use set::Charset;
pub(crate) use utf16::is_utf16;
pub use utf16::utf8_from_utf16;
