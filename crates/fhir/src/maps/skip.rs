//! Rows of the guide that a map leaves out, each with its reason.

use super::condition::Condition;
use super::path::SourcePath;

/// Why a row of the guide has no row in a map. The set is closed, so that left-out rows can be counted by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Another row, map or link carries the value; the note says which.
    Elsewhere,
    /// The engine writes it without a row.
    Engine,
    /// The guide misspells field or target; the map has the row as it is meant.
    Misspelt,
    /// The condition is prose that no field of the message decides.
    ProseCondition,
    /// R4 does not allow it: a cardinality, a required binding, a type.
    ContradictsR4,
    /// The target is no element of R4 and no extension published for it.
    NoR4Element,
    /// The field is withdrawn, or another row states the same better.
    Superseded,
    /// The guide leaves source, target or value undecided.
    Open,
    /// It needs what the message does not state.
    NotInMessage,
    /// The value would have to be computed from several fields.
    Computed,
    /// The table is the site's own: an overlay fills it.
    Site,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 11] = [
        Reason::Elsewhere,
        Reason::Engine,
        Reason::Misspelt,
        Reason::ProseCondition,
        Reason::ContradictsR4,
        Reason::NoR4Element,
        Reason::Superseded,
        Reason::Open,
        Reason::NotInMessage,
        Reason::Computed,
        Reason::Site,
    ];

    /// As written in a map's `skip`.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Elsewhere => "elsewhere",
            Reason::Engine => "engine",
            Reason::Misspelt => "misspelt in the guide",
            Reason::ProseCondition => "prose condition",
            Reason::ContradictsR4 => "contradicts R4",
            Reason::NoR4Element => "no R4 element",
            Reason::Superseded => "superseded",
            Reason::Open => "open in the guide",
            Reason::NotInMessage => "not in the message",
            Reason::Computed => "computed",
            Reason::Site => "site table",
        }
    }

    /// Whether the output has the value all the same.
    pub const fn carried(self) -> bool {
        matches!(self, Reason::Elsewhere | Reason::Engine | Reason::Misspelt)
    }

    pub(crate) fn named(name: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// One entry of `skip`. Without `from`, `to`, `map` and `row` it stands for all rows of the table.
#[derive(Clone, Debug)]
pub(crate) struct Skip {
    pub(crate) file: usize,
    pub(crate) line: u32,
    /// A field, a group or segment of a message, or a code: the text as written.
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// In a message map: the segment map that the row names.
    pub(crate) map: Option<String>,
    pub(crate) condition: Option<Condition<SourcePath>>,
    /// Row number in the guide's sheet.
    pub(crate) row: Option<u32>,
    pub(crate) reason: Reason,
    pub(crate) note: Option<String>,
}
