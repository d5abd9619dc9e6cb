//! One run of a plan over a message: resources are found first, so that links are known, then written.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use kiln_hl7::Message;
use uuid::Uuid;

use super::code::{Coded, CodedPlace};
use super::instances::Instance;
use super::resource_id::facility;
use super::trace::Trace;
use crate::compile::Compiled;
use crate::conversion::{Conversion, Entry};
use crate::error::ConvertError;
use crate::group::Groups;
use crate::options::{ConvertOptions, UtcOffset};
use crate::place::Places;
use crate::plan::{LinkTarget, MessagePlan, Parts, Slot, Table};
use crate::primitive;
use crate::split::Split;

/// Resources of one message.
const MAX_RESOURCES: usize = 1 << 19;

/// A resource may come to nothing because one that it needs did; chains are no longer than this.
const MAX_PASSES: usize = 4;

/// Buffers that conversions reuse.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(super) groups: Groups,
    pub(crate) split: Split,
    pub(super) instances: Vec<Instance>,
    /// First instance of each resource plan, and the end.
    pub(super) firsts: Vec<usize>,
    pub(super) buffers: Vec<Vec<u8>>,
    pub(super) pending: Vec<u8>,
    pub(super) pending_entries: Vec<Entry>,
    pub(crate) scratch: String,
    pub(super) other: String,
    pub(super) seed: Vec<u8>,
    /// The system of numbers that name no authority.
    pub(super) facility: Vec<u8>,
    pub(super) seen: HashMap<Uuid, u32, FixedState>,
    /// How often a resource opened resources that say the same.
    pub(super) alike: HashMap<Uuid, u32, FixedState>,
}

pub(crate) fn run(
    compiled: &Compiled,
    plan: &MessagePlan,
    message: Message<'_>,
    options: ConvertOptions,
    out: &mut Conversion,
    trace: impl Trace,
) -> Result<(), ConvertError> {
    let mut work = std::mem::take(&mut out.work);
    work.groups
        .read(plan, message.segments().map(|segment| segment.name()));
    work.instances.clear();
    work.firsts.clear();
    work.seen.clear();
    work.pending.clear();
    work.pending_entries.clear();
    work.facility.clear();
    facility(message, &mut work.facility, &mut work.scratch);
    let (offset, _) = offset(message, options, &mut work.scratch);
    let split = std::mem::take(&mut work.split);
    let mut run = Run {
        plan,
        parts: &compiled.parts,
        tables: &compiled.tables,
        systems: compiled.systems.map(|table| &compiled.tables[table]),
        authorities: compiled.authorities.map(|table| &compiled.tables[table]),
        options,
        out,
        work,
        places: Places::new(message, split),
        offset,
        instance: 0,
        linked: None,
        trace,
        slots: &[],
        links: &[],
        looping: 0,
        coded: None,
    };
    let result = run.all();
    run.work.split = run.places.split;
    run.out.work = run.work;
    result
}

/// The offset of times that state none, and whether MSH-7 states it.
pub(crate) fn offset(
    message: Message<'_>,
    options: ConvertOptions,
    scratch: &mut String,
) -> (UtcOffset, bool) {
    let header = message.header().date_time();
    let stated = header.text_in(scratch).ok().and_then(primitive::offset_of);
    (stated.unwrap_or(options.default_offset), stated.is_some())
}

pub(super) struct Run<'r, 'a, T> {
    pub(super) plan: &'r MessagePlan,
    pub(super) parts: &'r Parts,
    pub(super) tables: &'r [Table],
    /// URIs of coding systems.
    pub(super) systems: Option<&'r Table>,
    /// The site's URIs of assigning authorities.
    pub(super) authorities: Option<&'r Table>,
    pub(super) options: ConvertOptions,
    pub(super) out: &'r mut Conversion,
    pub(super) work: Work,
    pub(super) places: Places<'a>,
    pub(super) offset: UtcOffset,
    pub(super) instance: usize,
    pub(super) linked: Option<usize>,
    pub(super) trace: T,
    /// Slots of the resource that is written.
    pub(super) slots: &'r [Slot],
    /// Where its links lead.
    pub(super) links: &'r [LinkTarget],
    /// Slots whose loop over segments is running, as bits.
    pub(super) looping: u64,
    /// The coded value that was looked at last.
    pub(super) coded: Option<(CodedPlace, Coded<'r>)>,
}

impl<T: Trace> Run<'_, '_, T> {
    fn all(&mut self) -> Result<(), ConvertError> {
        let plan = self.plan;
        for resource in &plan.resources {
            self.work.firsts.push(self.work.instances.len());
            self.instances(resource);
            if self.work.instances.len() > MAX_RESOURCES {
                return Err(ConvertError::TooLarge {
                    what: "resources",
                    limit: MAX_RESOURCES,
                });
            }
        }
        self.work.firsts.push(self.work.instances.len());
        // A resource that comes to nothing must not be referred to: what was written before it was known is written again.
        for _ in 0..MAX_PASSES {
            self.work.seen.clear();
            self.out.clear();
            self.trace.restarted();
            if !self.pass() {
                break;
            }
        }
        Ok(())
    }

    /// Writes all resources; answers whether one that others refer to was found to come to nothing.
    fn pass(&mut self) -> bool {
        let plan = self.plan;
        let mut again = false;
        for (number, resource) in plan.resources.iter().enumerate() {
            for instance in self.work.firsts[number]..self.work.firsts[number + 1] {
                let known = self.work.instances[instance].dropped;
                self.resource(resource, instance);
                again |= self.work.instances[instance].dropped != known;
            }
        }
        again && self.work.instances.iter().any(|i| i.dropped && i.linked)
    }
}
