//! What a run can tell of itself: which row wrote which bytes, and what was taken back.

use std::ops::Range;

use uuid::Uuid;

use crate::group::Groups;
use crate::maps::condition::Condition;
use crate::place::Places;
use crate::plan::{Candidate, Identity, ResourcePlan, Source};

/// Listens to a run. Bytes are written to one buffer for each open resource, and cut off again when they come to nothing.
pub(crate) trait Trace {
    /// Whether it listens at all.
    const LISTENS: bool = true;
    /// All resources are written again.
    fn restarted(&mut self) {}
    /// The id of the next resource is made so.
    fn identified(&mut self, _how: Identified<'_>, _places: &Places<'_>, _groups: &Groups) {}
    /// The next resource of the message map stands at that segment; resources are numbered in this order.
    fn stood(
        &mut self,
        _resource: &ResourcePlan,
        _id: Uuid,
        _anchor: usize,
        _places: &Places<'_>,
        _groups: &Groups,
    ) {
    }
    /// A resource begins; its JSON starts at that place of its buffer.
    fn opened(&mut self, _base: usize) {}
    /// All rows of the part of the plan that comes next were asked these conditions, which hold.
    fn asked(&mut self, _conditions: &[Condition<Source>], _places: &Places<'_>, _groups: &Groups) {
    }
    /// That part has ended.
    fn answered(&mut self) {}
    /// A row, of that map file and line, gave the bytes of that range of the innermost open resource.
    fn wrote(
        &mut self,
        _candidate: &Candidate,
        _row: (usize, u32),
        _how: Wrote,
        _range: Range<usize>,
        _places: &Places<'_>,
        _groups: &Groups,
    ) {
    }
    /// A repetition became a line of the value that is written next.
    fn line(&mut self, _from: Source, _repetition: u16, _places: &Places<'_>, _groups: &Groups) {}
    /// The innermost open resource was cut at that place of its buffer.
    fn cut(&mut self, _at: usize) {}
    /// The innermost open resource came to nothing, or to another one.
    fn abandoned(&mut self) {}
    /// A resource of the message map, the one of that number, is the next entry.
    fn closed(&mut self, _instance: usize) {}
    /// A resource that a row opened waits for the one around it; its members start at that place of its JSON.
    fn parked(&mut self, _members: usize) {}
    /// Of the waiting ones only the first `count` are left.
    fn unparked(&mut self, _count: usize) {}
    /// The next waiting one is an entry, or the same as an earlier one.
    fn taken(&mut self, _entry: bool) {}
    /// The resource of that number is the same as an earlier one and was not written again.
    fn merged(&mut self, _instance: usize) {}
}

/// How a row gave a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    /// As it says.
    Value,
    /// By its default, or that of its code table.
    Default,
}

/// Where a resource's id comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Identified<'r> {
    /// These parts of the message.
    By(&'r [Identity]),
    /// The message's identity and the place in it.
    Place,
}

/// Tells nothing and costs nothing: how production runs.
pub(crate) struct Silent;

impl Trace for Silent {
    const LISTENS: bool = false;
}
