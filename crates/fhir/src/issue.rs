//! What could not be mapped.

use std::fmt;

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
        let everywhere = Issue {
            occurrence: 1,
            repetition: 1,
            ..*self
        };
        everywhere.place()
    }

    /// Where the value stands in its message: `PID-8`, `OBX[3]-5[2].1`.
    pub fn place(&self) -> String {
        let mut place = String::new();
        let occurrence = self.occurrence.into();
        let parts = [self.component];
        // A String takes whatever is written to it.
        let _ = write_place(
            &mut place,
            self.segment,
            occurrence,
            self.field,
            self.repetition,
            &parts,
        );
        place
    }
}

/// Writes a place of a message, such as `OBX[3]-5[2].1`; `parts`: component and subcomponent, 0 for the whole.
pub(crate) fn write_place(
    out: &mut impl fmt::Write,
    segment: [u8; 3],
    occurrence: usize,
    field: u16,
    repetition: u16,
    parts: &[u16],
) -> fmt::Result {
    for byte in segment {
        out.write_char(char::from(byte))?;
    }
    if occurrence > 1 {
        write!(out, "[{occurrence}]")?;
    }
    if field == 0 {
        return Ok(());
    }
    write!(out, "-{field}")?;
    if repetition > 1 {
        write!(out, "[{repetition}]")?;
    }
    for part in parts {
        if *part > 0 {
            write!(out, ".{part}")?;
        }
    }
    Ok(())
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
