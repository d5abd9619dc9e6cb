use crate::mllp::event::MllpEvent;

/// What a stream of bytes held so far, as one [`MllpCodec`](crate::MllpCodec) saw it. Each byte is counted once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameStatistics {
    /// Whole frames.
    pub frames: u64,
    /// Their payload.
    pub frame_bytes: u64,
    /// The largest payload of a whole frame.
    pub largest_frame_bytes: u64,
    /// Commit acknowledgments of release 2.
    pub commits: u64,
    /// Frames longer than the limit.
    pub oversized: u64,
    /// Their payload.
    pub oversized_bytes: u64,
    /// Frames that were cut off.
    pub truncated: u64,
    /// Their payload.
    pub truncated_bytes: u64,
    /// Bytes between frames.
    pub garbage_bytes: u64,
    /// Frames that ended in 0x1C without 0x0D.
    pub missing_returns: u64,
    /// The 0x0B, 0x1C and 0x0D of frames, and the 0x06 and 0x15 of commit acknowledgments.
    pub framing_bytes: u64,
}

impl FrameStatistics {
    /// All bytes that are accounted for; those of a frame, or a run of garbage, still under way are not.
    pub fn total_bytes(&self) -> u64 {
        self.frame_bytes
            + self.oversized_bytes
            + self.truncated_bytes
            + self.garbage_bytes
            + self.framing_bytes
    }

    pub(crate) fn count(&mut self, event: Option<&MllpEvent>) {
        match event {
            None => {}
            Some(MllpEvent::Frame(payload)) => {
                self.frames += 1;
                self.frame_bytes += payload.len() as u64;
                self.largest_frame_bytes = self.largest_frame_bytes.max(payload.len() as u64);
            }
            Some(MllpEvent::Commit(_)) => {
                self.commits += 1;
                self.framing_bytes += 1;
            }
            Some(MllpEvent::Garbage { bytes }) => self.garbage_bytes += *bytes as u64,
            Some(MllpEvent::Oversized { bytes, .. }) => {
                self.oversized += 1;
                self.oversized_bytes += *bytes as u64;
            }
            Some(MllpEvent::Truncated { bytes, .. }) => {
                self.truncated += 1;
                self.truncated_bytes += *bytes as u64;
            }
        }
    }
}
