//! The compiled plan: what the executor walks, without names to look up.
//!
//! A plan is made of a few kinds of parts, each kept in one list and named by its place there ([`Parts`]):
//!
//! ```text
//! ResourcePlan ─▶ Node::Object ─▶ Child "name"  ─▶ Node::Items ─▶ Item (a loop) ─▶ Node::Object ─▶ Child "family" ─▶ Node::Taken
//!                                 Child "gender" ─▶ Node::Leaf ─▶ Candidate, Candidate …
//! ```
//!
//! What costs most is done at load: the keys of members and what rows state lie as JSON in one text, the coding that a table has
//! for a code is ready as a whole ([`Node::Coding`]), and each part has a [`Gate`]: a mask of the places of which one must be
//! valued, tried against the mask of what the message holds, and the conditions that all rows in it share.
//!
//! A part that reads one field alone is written in terms of that field, its [`Frame`]: the same data type map then gives the
//! same part wherever it is applied, and the part is kept once.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::json;
use crate::maps::condition::Condition;
use crate::primitive::Primitive;

/// Segments of a resource, each loop included; checked at load.
pub(crate) const MAX_SLOTS: usize = 48;
/// Loops over repetitions in one resource; checked at load.
pub(crate) const MAX_LOOPS: usize = 240;
/// Segment names of one message structure; checked at load.
pub(crate) const MAX_SEGMENT_NAMES: usize = 128;

#[derive(Debug)]
pub(crate) struct MessagePlan {
    /// Map file and line.
    pub(crate) place: (usize, u32),
    /// Names that the structure or a source uses; a segment's number is its place here.
    pub(crate) segments: Vec<[u8; 3]>,
    /// The first is the message itself.
    pub(crate) groups: Vec<Group>,
    pub(crate) resources: Vec<ResourcePlan>,
}

#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) parts: Vec<GroupPart>,
}

#[derive(Debug)]
pub(crate) struct GroupPart {
    pub(crate) repeats: bool,
    /// Number of the group that this part is; `None`: a segment.
    pub(crate) group: Option<usize>,
    /// Numbers of the segments that it holds at any depth, as bits.
    pub(crate) holds: u128,
}

#[derive(Debug)]
pub(crate) struct ResourcePlan {
    /// Map file and line.
    pub(crate) place: (usize, u32),
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    pub(crate) group: usize,
    pub(crate) segment: Option<u8>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) condition: Option<Condition<Source>>,
    pub(crate) mention: bool,
    /// Written even when nothing of the message fills it.
    pub(crate) bare: bool,
    pub(crate) id: Vec<Vec<Identity>>,
    pub(crate) criteria: Option<Source>,
    /// Where the links of its rows lead, by their numbers.
    pub(crate) links: Vec<LinkTarget>,
    pub(crate) root: Node,
    /// The field that the root reads, if it is one alone.
    pub(crate) frame: Option<Frame>,
}

/// A resource of the message that a link leads to.
#[derive(Debug)]
pub(crate) struct LinkTarget {
    pub(crate) resource: usize,
    /// Map file and line of the link.
    pub(crate) place: (usize, u32),
}

/// A segment that sources of a resource read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) segment: u8,
    /// Loops over all of them in the resource's group.
    pub(crate) each: Option<usize>,
    /// The group below the resource's own that the loop goes through.
    pub(crate) within: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Identity {
    Source(Source),
    /// A CX, by its system or else the sender's.
    Identifier(Source),
    /// An EI that states its namespace.
    Entity(Source),
}

/// In the place of a slot: the field is that of the [`Frame`] around. It follows the slots.
#[allow(clippy::cast_possible_truncation)] // few enough
pub(crate) const FRAME: u8 = MAX_SLOTS as u8;
/// In the place of a slot: something is always valued there.
pub(crate) const ALWAYS: u8 = FRAME + 1;

/// In the place of a loop: any repetition. It follows the loops.
#[allow(clippy::cast_possible_truncation)] // few enough
pub(crate) const ANY: u8 = MAX_LOOPS as u8 + 1;

/// A field of a slot's segment, and the repetition of it: 0 for the first, else the loop that says which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Frame {
    pub(crate) slot: u8,
    pub(crate) repetition: u8,
    pub(crate) field: u16,
}

/// A place in the message, relative to the slots and loops of a resource, or to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    /// [`FRAME`]: the field is that of the frame.
    pub(crate) slot: u8,
    /// 0: the segment as a whole.
    pub(crate) field: u16,
    /// 0: the first repetition; else the loop that says which.
    pub(crate) repetition: u8,
    pub(crate) component: u16,
    pub(crate) subcomponent: u16,
}

impl Source {
    /// The field that it lies in.
    pub(crate) fn frame(self) -> Frame {
        Frame {
            slot: self.slot,
            repetition: self.repetition,
            field: self.field,
        }
    }

    /// The first repetition of a whole field.
    pub(crate) fn field(slot: u8, field: u16) -> Source {
        Source {
            slot,
            field,
            repetition: 0,
            component: 0,
            subcomponent: 0,
        }
    }
}

/// The lists of parts that all plans are made of.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    /// Names of members, and JSON of constants; and room behind them for [`json::append`].
    pub(crate) text: Vec<u8>,
    pub(crate) children: Vec<Child>,
    pub(crate) items: Vec<Item>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) needs: Vec<Need>,
}

impl Parts {
    /// Appends a stretch of the text.
    #[inline]
    pub(crate) fn append(&self, span: Span, out: &mut Vec<u8>) {
        json::append(&self.text[span.first as usize..], span.count as usize, out);
    }
}

/// Parts that stand side by side in one of the lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Span {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Span {
    /// The parts of a list.
    pub(crate) fn of<T>(self, list: &[T]) -> &[T] {
        let first = self.first as usize;
        &list[first..first + self.count as usize]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// Rows, of which the first that gives a value is written.
    Leaf(Span),
    /// A row that takes a value over, and that is all: most are such, and this says so without a look at the candidate.
    Taken {
        from: Source,
        kind: Primitive,
        candidate: u32,
    },
    /// A row that states its value itself, perhaps where a place is valued, and that is all; its JSON lies in [`Parts::text`],
    /// behind the key of a member.
    Stated {
        json: Span,
        from: Option<Source>,
        candidate: u32,
    },
    /// The coding that a table has for a code: the rows of its system, its code and its display, which ask nothing.
    Coding(Span),
    Object(Object),
    Items(Span),
}

/// An object with members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Object {
    pub(crate) children: Span,
    /// It could hold more than constants, and is not written with less.
    pub(crate) hopes: bool,
    /// It has no row for something that R4 requires.
    pub(crate) lacks: bool,
    /// Number of a row of it that holds the original of a code, where all its rows do that are no constants: where the original
    /// does not stand beside what a table has for the code, there is nothing to write.
    pub(crate) original: Option<u32>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Child {
    /// `,"name":`; a value that the map states follows it in [`Parts::text`].
    pub(crate) key: Span,
    /// Which element it is of the object, from 1; those of one choice of types, and a primitive and its extensions, are the same.
    pub(crate) element: u16,
    /// Whether it is written matters to others: they are of the same element, or R4 requires that.
    pub(crate) counts: bool,
    /// It is the last of an element that R4 requires.
    pub(crate) required: bool,
    /// It holds the extensions of a primitive: `_name`.
    pub(crate) beside: bool,
    pub(crate) gate: Gate,
    pub(crate) node: Node,
}

/// What is asked before a part of the plan is walked, and what it reads from then on.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Gate {
    pub(crate) guard: Guard,
    /// What most gates have none of.
    pub(crate) passage: Option<Box<Passage>>,
}

/// What lies between a guard and its part of the plan.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Passage {
    /// Conditions that all rows of the part share; the rows do not ask them again.
    pub(crate) conditions: Box<[Condition<Source>]>,
    /// The field that the part reads; `None`: that of the part around it, or several.
    pub(crate) frame: Option<Frame>,
}

/// The places of which one must be valued for a part of the plan to say anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Guard {
    /// By far the most; it lies beside what it guards.
    One(Need),
    /// Of [`Parts::needs`].
    Any(Span),
}

/// Places of which one must be valued: a bit a number; bit 0 is the segment or field itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Need {
    /// Fields of a slot's segment; of [`FRAME`], components of the field that was entered; of [`ALWAYS`], nothing that could
    /// be missing.
    Fields { slot: u8, mask: u64 },
    /// Components of a field; also of [`ANY`] of its repetitions.
    Components { of: Frame, mask: u64 },
}

/// One item of an array, or the loop that writes several.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    /// It has any of the loops below.
    pub(crate) loops: bool,
    pub(crate) slot: Option<u8>,
    /// The loop over the repetitions of a field.
    pub(crate) repetitions: Option<Frame>,
    /// Loops over all instances that the link of this number leads to.
    pub(crate) links: Option<usize>,
    /// Asked within the loops.
    pub(crate) gate: Gate,
    pub(crate) node: Node,
}

/// One row's way to give a primitive its value.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    pub(crate) conditions: Vec<Condition<Source>>,
    pub(crate) from: Option<Source>,
    pub(crate) value: Value,
    /// The field that its sources are read from, where the rows of a primitive read several.
    pub(crate) frame: Option<Frame>,
    /// JSON written when the source is valued but cannot be translated.
    pub(crate) default: Option<Vec<u8>>,
    /// Codes that a required binding allows, sorted.
    pub(crate) allowed: Option<Vec<&'static str>>,
    /// Map file and line of the row.
    pub(crate) place: (usize, u32),
}

impl Candidate {
    /// A row that asks nothing and reads nothing.
    pub(crate) fn new(value: Value, place: (usize, u32)) -> Candidate {
        Candidate {
            conditions: Vec::new(),
            from: None,
            value,
            frame: None,
            default: None,
            allowed: None,
            place,
        }
    }

    /// Whether nothing is asked before its value, and nothing stands in for it.
    pub(crate) fn is_plain(&self) -> bool {
        self.conditions.is_empty()
            && self.frame.is_none()
            && self.default.is_none()
            && self.allowed.is_none()
    }

    /// Whether it could give more than a constant.
    pub(crate) fn hopes(&self) -> bool {
        !matches!(self.value, Value::Constant(_) | Value::Never)
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Constant(Vec<u8>),
    Primitive(Primitive),
    /// A code table's part for the source's code, unless the place after it names another coding system than the table's.
    Mapped(usize, CodePart, Primitive, Option<Source>),
    /// As [`Value::Primitive`], unless the table has the code in the same system.
    Original {
        primitive: Primitive,
        of: Translated,
        is_system: bool,
    },
    /// A coding system's URI.
    System,
    /// The URI of an assigning authority (HD).
    Authority,
    Join(Vec<Part>, Primitive),
    /// All repetitions of a field, one a line; outside of a loop over segments those of all its segments.
    Lines(Primitive),
    Nested {
        kind: &'static str,
        root: Node,
    },
    /// A reference to another resource of the message; with `from`, to the one that stands at that segment.
    Link {
        link: usize,
        all: bool,
    },
    /// A default or a value that can never be had.
    Never,
}

/// A code that a table translates, and where the coding system is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Translated {
    pub(crate) table: usize,
    pub(crate) code: Source,
    pub(crate) system: Option<Source>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Source(Source),
    Literal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CodePart {
    Code,
    Display,
    System,
}

/// A code table, sorted by source code.
#[derive(Debug)]
pub(crate) struct Table {
    /// URI of the coding system of the source codes; a site's own table says nothing of it.
    pub(crate) of: Option<String>,
    pub(crate) codes: Vec<TableEntry>,
    /// Places in `codes`, by source code: the short ones, and those that are too long for a [`short`] key.
    short: HashMap<u64, u32, FixedState>,
    long: HashMap<Vec<u8>, u32, FixedState>,
    /// The systems that the table leads to, each once.
    systems: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct TableEntry {
    /// Map file and line.
    pub(crate) place: (usize, u32),
    /// Whether a site's overlay has it.
    pub(crate) of_site: bool,
    pub(crate) source: String,
    pub(crate) code: String,
    pub(crate) display: Option<String>,
    pub(crate) system: Option<String>,
    /// They stand in a JSON string as they are.
    pub(crate) plain: bool,
    pub(crate) coding: ReadyCoding,
}

/// A Coding as JSON.
#[derive(Debug)]
pub(crate) struct ReadyCoding {
    pub(crate) json: Box<[u8]>,
    /// Where the values of system, code and display start and end in it.
    pub(crate) values: [Option<(u16, u16)>; 3],
}

impl ReadyCoding {
    pub(crate) fn new(system: Option<&str>, code: &str, display: Option<&str>) -> ReadyCoding {
        let mut json = Vec::new();
        let members = [
            ("system", system),
            ("code", Some(code)),
            ("display", display),
        ];
        let values = members.map(|(name, value)| {
            let separator = if json.is_empty() { '{' } else { ',' };
            let value = value?;
            json.extend_from_slice(format!("{separator}\"{name}\":").as_bytes());
            let start = u16::try_from(json.len()).unwrap_or(u16::MAX);
            json::string(value, false, &mut json);
            Some((start, u16::try_from(json.len()).unwrap_or(u16::MAX)))
        });
        json.push(b'}');
        ReadyCoding {
            json: json.into(),
            values,
        }
    }
}

impl Table {
    pub(crate) fn new(of: Option<String>, mut codes: Vec<TableEntry>) -> Table {
        codes.sort_by(|a, b| a.source.cmp(&b.source));
        let (mut by_key, mut long) = (HashMap::default(), HashMap::default());
        for (at, code) in (0..).zip(&codes) {
            let source = code.source.as_bytes();
            match short(source) {
                Some(key) => by_key.insert(key, at),
                None => long.insert(source.to_vec(), at),
            };
        }
        let mut systems: Vec<String> = codes.iter().filter_map(|c| c.system.clone()).collect();
        systems.sort_unstable();
        systems.dedup();
        Table {
            of,
            short: by_key,
            long,
            systems,
            codes,
        }
    }

    /// Whether it leads to codes of that system.
    pub(crate) fn has_system(&self, uri: &[u8]) -> bool {
        let mut systems = self.systems.iter();
        systems.any(|system| system.as_bytes() == uri)
    }

    pub(crate) fn get(&self, source: &[u8]) -> Option<&TableEntry> {
        let at = match short(source) {
            Some(key) => self.short.get(&key),
            None => self.long.get(source),
        };
        self.codes.get(*at? as usize)
    }
}

/// A code of up to seven bytes, as nearly all are, as one number: its bytes and how many.
fn short(code: &[u8]) -> Option<u64> {
    if code.len() > 7 {
        return None;
    }
    let key = code.iter().rev();
    Some(key.fold(code.len() as u64, |key, byte| key << 8 | u64::from(*byte)))
}
