//! What could not be mapped.

use std::fmt::{self, Write as _};

/// A value of the message that the plan could not carry over. It names the place and never the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Three-character name of the segment.
    pub segment: [u8; 3],
    /// 1-based occurrence of the segment among those of its name in the message.
    pub occurrence: u16,
    /// Field number; 0 when the issue concerns the whole segment.
    pub field: u16,
    /// 1-based repetition.
    pub repetition: u16,
    /// Component number; 0 when the issue concerns the whole repetition.
    pub component: u16,
    /// Why it could not be mapped.
    pub reason: IssueReason,
}

impl Issue {
    /// Where the value stands in messages of its kind, without occurrence and repetition: `PID-8`, `PID-3.5`.
    pub fn path(&self) -> String {
        let mut path: String = self.segment.iter().map(|byte| char::from(*byte)).collect();
        if self.field > 0 {
            let _ = write!(path, "-{}", self.field);
        }
        if self.component > 0 {
            let _ = write!(path, ".{}", self.component);
        }
        path
    }

    /// Where the value stands in its message: `PID-8`, `OBX[3]-5[2].1`.
    pub fn place(&self) -> String {
        let mut place: String = self.segment.iter().map(|byte| char::from(*byte)).collect();
        if self.occurrence > 1 {
            let _ = write!(place, "[{}]", self.occurrence);
        }
        if self.field > 0 {
            let _ = write!(place, "-{}", self.field);
        }
        if self.repetition > 1 {
            let _ = write!(place, "[{}]", self.repetition);
        }
        if self.component > 0 {
            let _ = write!(place, ".{}", self.component);
        }
        place
    }
}

/// Why a value could not be mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueReason {
    /// Not a date or time of HL7 v2.9 §2A.2.22.
    InvalidDate,
    /// Not a number of the kind that the target wants.
    InvalidNumber,
    /// Not a code, id or URI that FHIR allows.
    InvalidCode,
    /// Not base64.
    InvalidBase64,
    /// The code table of the map has no entry for it.
    UnmappedCode,
    /// A resource was left out because an element that R4 requires is not in the message.
    MissingRequired,
}

impl IssueReason {
    /// A stable name for reports and metrics.
    pub const fn slug(self) -> &'static str {
        match self {
            IssueReason::InvalidDate => "invalid-date",
            IssueReason::InvalidNumber => "invalid-number",
            IssueReason::InvalidCode => "invalid-code",
            IssueReason::InvalidBase64 => "invalid-base64",
            IssueReason::UnmappedCode => "unmapped-code",
            IssueReason::MissingRequired => "missing-required",
        }
    }
}

impl fmt::Display for Issue {
    /// Writes the place and the reason, such as `OBX[3]-5.2: invalid-number`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place(), self.reason.slug())
    }
}
