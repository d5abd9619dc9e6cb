//! Frames of the minimal lower layer protocol (HL7 implementation guide, transport appendix C; release 2: HL7 version 3,
//! transport specification MLLP).

mod codec;
mod commit;
mod event;
mod frames;
mod statistics;

pub use codec::MllpCodec;
pub use commit::Commit;
pub use event::{GARBAGE_REPORT_BYTES, HEAD_BYTES, MllpEvent};
pub use frames::Frames;
pub use statistics::FrameStatistics;
