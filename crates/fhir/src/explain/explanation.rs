//! What an explanation says. It shows values of the message: it is for the operator who asked, not for logs.

use std::fmt;

use uuid::Uuid;

use crate::issue::{Issue, write_place};
use crate::options::UtcOffset;

/// Where every element of a conversion comes from, what was decided on the way, and what of the message was not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The message map that served the message.
    pub map: String,
    /// The offset from UTC of times that state none, and where it comes from.
    pub offset: (UtcOffset, OffsetFrom),
    /// The resources, in the order of the conversion.
    pub resources: Vec<ExplainedResource>,
    /// Resources that were another statement of an earlier one and were not written again: type, id, and the place that
    /// stated it again.
    pub merged: Vec<(String, Uuid, SourcePlace)>,
    /// Values that could not be mapped.
    pub issues: Vec<Issue>,
    /// Values of the message that no element, id or condition used, in the order of the message.
    pub unused: Vec<UnusedValue>,
}

/// One resource of the conversion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedResource {
    /// R4 resource type.
    pub resource_type: String,
    /// Its id.
    pub id: Uuid,
    /// What it is for.
    pub asks: Asks,
    /// What its id is made of.
    pub identity: Identity,
    /// The row of the message map that asks for it; `None`: a row of another resource opened it.
    pub row: Option<RowPlace>,
    /// Its primitive elements in the order of its JSON.
    pub elements: Vec<Element>,
}

/// What a resource asks for, as [`Request`](crate::Request).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// To be put: the message is the authority on it.
    Put,
    /// To be created if a search by these criteria finds none.
    CreateIfNoneExist(String),
    /// To be put if there is none with its id.
    PutIfNoneMatch,
}

/// What the id of a resource is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// These values of the message.
    Values(Vec<SourcePlace>),
    /// The message's own identity (MSH-3, MSH-4, MSH-10) and the place in the message.
    Place,
    /// The content of the resource: its identifier where it has one.
    Content,
}

/// A primitive element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Such as `Patient.name[0].family`.
    pub path: String,
    /// Its JSON.
    pub value: String,
    /// The row that gave it; `None` for the id.
    pub row: Option<RowPlace>,
    /// The places of the message that it was made from; none for a constant.
    pub sources: Vec<SourcePlace>,
    /// The places that conditions of the row looked at.
    pub conditions: Vec<SourcePlace>,
    /// What was decided for it.
    pub notes: Vec<Note>,
}

/// A decision about one element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The row states the value itself.
    Constant,
    /// The value could not be translated, and the row or its code table has a default.
    Default,
    /// A code table gave the value.
    Table(RowPlace),
    /// The time took an offset from UTC that it does not state.
    Offset(UtcOffset, OffsetFrom),
    /// The name of a coding system became its URI (HL7 table 0396).
    CodingSystem,
    /// An assigning authority became a URI (HD, HL7 v2.9 §2A.2.34).
    AssigningAuthority,
    /// A reference to another resource of the message.
    Reference,
}

/// Where the offset of a time comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetFrom {
    /// MSH-7 states it.
    Header,
    /// MSH-7 states none: the site's is taken.
    Site,
}

/// A row of a map, or of a code table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowPlace {
    /// The map file, as named by its source.
    pub file: String,
    /// 1-based line.
    pub line: u32,
}

/// A place in the message, such as `OBX[3]-5[2].1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourcePlace {
    /// Place of the segment in the message, from 0.
    pub ordinal: usize,
    /// Three-character name of the segment.
    pub segment: [u8; 3],
    /// 1-based occurrence of the segment among those of its name.
    pub occurrence: usize,
    /// Field number; 0: the segment as a whole.
    pub field: u16,
    /// 1-based repetition.
    pub repetition: u16,
    /// Component number; 0: the repetition as a whole.
    pub component: u16,
    /// Subcomponent number; 0: the component as a whole.
    pub subcomponent: u16,
}

/// A value of the message that nothing used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedValue {
    /// Where it stands: as high as nothing below was used.
    pub place: SourcePlace,
    /// As sent, with the characters of its character set.
    pub value: String,
}

impl fmt::Display for RowPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for SourcePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.component, self.subcomponent];
        write_place(
            f,
            self.segment,
            self.occurrence,
            self.field,
            self.repetition,
            &parts,
        )
    }
}

impl fmt::Display for OffsetFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OffsetFrom::Header => "MSH-7",
            OffsetFrom::Site => "the site's setting",
        })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Constant => f.write_str("constant"),
            Note::Default => f.write_str("default, as the value could not be translated"),
            Note::Table(row) => write!(f, "code table {row}"),
            Note::Offset(offset, from) => write!(f, "offset {offset} from {from}"),
            Note::CodingSystem => f.write_str("URI of the coding system"),
            Note::AssigningAuthority => f.write_str("URI of the assigning authority"),
            Note::Reference => f.write_str("reference to another resource"),
        }
    }
}
