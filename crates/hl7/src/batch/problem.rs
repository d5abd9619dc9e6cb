/// What is wrong with a file of messages as such, and where. Never carries content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {offset})")]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Offset in the file: of the count, of the segment that has no counterpart, or of the end of what should have one.
    pub offset: usize,
}

/// The kinds of [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// BTS-1 does not say how many messages the batch holds (§2.14.3.1).
    #[error("BTS-1 says {declared} messages and the batch holds {found}; ask for the file again")]
    MessageCount {
        /// BTS-1.
        declared: u64,
        /// Messages since BHS.
        found: u64,
    },
    /// FTS-1 does not say how many batches the file holds (§2.14.7.1).
    #[error("FTS-1 says {declared} batches and the file holds {found}; ask for the file again")]
    BatchCount {
        /// FTS-1.
        declared: u64,
        /// Batches since FHS.
        found: u64,
    },
    /// BTS-1 or FTS-1 is no number.
    #[error("the count of a trailer is no number; send digits or nothing")]
    BadCount,
    /// A batch ends without BTS: it may have been cut off.
    #[error("a batch ends without BTS; ask whether the file is whole")]
    NoBatchTrailer,
    /// A file ends without FTS: it may have been cut off.
    #[error("a file ends without FTS; ask whether it is whole")]
    NoFileTrailer,
    /// BTS without BHS.
    #[error("BTS ends a batch that no BHS began; send both or none")]
    NoBatchHeader,
    /// FTS without FHS.
    #[error("FTS ends a file that no FHS began; send both or none")]
    NoFileHeader,
}
