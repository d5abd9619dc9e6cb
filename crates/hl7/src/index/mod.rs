//! The structural index: where a message's segments and fields are, found in one pass over its bytes.
//!
//! ```text
//!            64 bytes                       masks, a bit a byte
//! text ──▶ MSH|^~\&|LAB ... ␍PID|1|| ──▶ field | line end ──▶ kernel ──▶ tape   3 8 12 ... 74 78 80 81 ...
//!                                                                  │           ▲ a place each
//!                                                                  └──▶ ranks of the line ends ──▶ segments
//! ```
//!
//! A [kernel] compares a block of 64 bytes with the field separator, CR and LF at once and writes down the places of
//! what it found; what costs is writing, not finding. `fill` drives it over chunks that stay in the first-level cache
//! and makes segments of lines. Components and deeper are split when they are asked for: most never are.

mod fill;
pub(crate) mod kernel;
mod storage;

pub(crate) use fill::{Text, fill, fill_around_lookalikes};
pub use storage::{Index, MAX_FIELD_SEPARATORS, MAX_SEGMENTS};
pub(crate) use storage::{SegmentEntry, SegmentName};
