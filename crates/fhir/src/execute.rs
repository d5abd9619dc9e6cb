//! Running a plan: each resource is written in one pass into a reused buffer; what comes to nothing is cut off again.

use std::collections::HashMap;

use kiln_hl7::Message;
use uuid::Uuid;

use crate::conversion::{Conversion, Entry};
use crate::error::ConvertError;
use crate::group::Groups;
use crate::identity;
use crate::issue::{Issue, IssueReason};
use crate::options::{ConvertOptions, References, UtcOffset};
use crate::place::Places;
use crate::plan::{
    Candidate, Child, CodePart, Identity, Item, MessagePlan, Node, Part, ResourcePlan, Source,
    Table, Value,
};
use crate::primitive::{self, Primitive};

/// Resources of one message.
const MAX_RESOURCES: usize = 100_000;

/// Buffers that conversions reuse.
#[derive(Debug, Default)]
pub(crate) struct Work {
    groups: Groups,
    instances: Vec<Instance>,
    /// First instance of each resource plan, and the end.
    firsts: Vec<usize>,
    buffers: Vec<Vec<u8>>,
    pending: Vec<u8>,
    pending_entries: Vec<Entry>,
    scratch: String,
    other: String,
    seed: Vec<u8>,
    seen: HashMap<(&'static str, Uuid), u32>,
}

/// One resource to come: where it stands and its id.
#[derive(Clone, Copy, Debug)]
struct Instance {
    group: usize,
    anchor: usize,
    id: Uuid,
    /// Left out, because something that R4 requires is missing: nothing may refer to it.
    dropped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Written {
    Nothing,
    Constant,
    Content,
}

pub(crate) fn run(
    plan: &MessagePlan,
    tables: &[Table],
    systems: Option<usize>,
    message: Message<'_>,
    options: ConvertOptions,
    out: &mut Conversion,
) -> Result<(), ConvertError> {
    let mut work = std::mem::take(&mut out.work);
    work.groups
        .read(plan, message.segments().map(|segment| segment.name()));
    work.instances.clear();
    work.firsts.clear();
    work.seen.clear();
    work.pending.clear();
    work.pending_entries.clear();
    let stated = message.header().date_time();
    let stated = stated
        .text_in(&mut work.scratch)
        .ok()
        .and_then(primitive::offset_of);
    let mut run = Run {
        plan,
        tables,
        systems,
        options,
        out,
        work,
        places: Places::new(message),
        offset: stated.unwrap_or(options.default_offset),
        instance: 0,
        linked: None,
    };
    let result = run.all();
    run.out.work = run.work;
    result
}

struct Run<'r, 'a> {
    plan: &'r MessagePlan,
    tables: &'r [Table],
    systems: Option<usize>,
    options: ConvertOptions,
    out: &'r mut Conversion,
    work: Work,
    places: Places<'a>,
    offset: UtcOffset,
    instance: usize,
    linked: Option<usize>,
}

impl<'r, 'a> Run<'r, 'a> {
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
            if !self.pass() {
                break;
            }
        }
        Ok(())
    }

    /// Writes all resources; answers whether one was found to come to nothing.
    fn pass(&mut self) -> bool {
        let plan = self.plan;
        let mut dropped = false;
        for (number, resource) in plan.resources.iter().enumerate() {
            for instance in self.work.firsts[number]..self.work.firsts[number + 1] {
                let known = self.work.instances[instance].dropped;
                self.resource(resource, instance);
                dropped |= self.work.instances[instance].dropped != known;
            }
        }
        dropped
    }

    /// Finds where a resource stands in the message, and computes ids, so that links are known before anything is written.
    fn instances(&mut self, resource: &'r ResourcePlan) {
        let mut ordinal = 0;
        for group in 0..self.work.groups.instances.len() {
            let found = self.work.groups.instances[group];
            if found.group != resource.group {
                continue;
            }
            let mut from = found.start;
            loop {
                let anchor = match resource.segment {
                    None => found.start,
                    Some(name) => match self.work.groups.next(name, group, from) {
                        None => break,
                        Some(anchor) => anchor,
                    },
                };
                self.stand(resource, group, anchor);
                ordinal += 1;
                let mut scratch = std::mem::take(&mut self.work.scratch);
                let wanted = resource
                    .condition
                    .as_ref()
                    .is_none_or(|c| self.places.holds(c, &mut scratch));
                self.work.scratch = scratch;
                if wanted {
                    let id = self.id(resource, ordinal);
                    self.work.instances.push(Instance {
                        group,
                        anchor,
                        id,
                        dropped: false,
                    });
                }
                from = anchor + 1;
                if resource.segment.is_none() {
                    break;
                }
            }
        }
    }

    /// Points the slots at the segments that a resource sees from its place.
    fn stand(&mut self, resource: &ResourcePlan, group: usize, anchor: usize) {
        for (n, slot) in resource.slots.iter().enumerate() {
            let ordinal = if slot.each.is_some() {
                self.work.groups.next(slot.segment, group, 0)
            } else if Some(slot.segment) == resource.segment {
                Some(anchor)
            } else {
                self.work.groups.find(slot.segment, group)
            };
            self.places.slots[n] =
                ordinal.and_then(|ordinal| self.places.message.segment_at(ordinal));
        }
    }

    fn id(&mut self, resource: &ResourcePlan, ordinal: usize) -> Uuid {
        let mut seed = std::mem::take(&mut self.work.seed);
        let mut scratch = std::mem::take(&mut self.work.scratch);
        let found = resource.id.iter().find(|alternative| {
            seed.clear();
            seed.extend_from_slice(resource.kind.as_bytes());
            !alternative.is_empty()
                && alternative
                    .iter()
                    .all(|part| self.identity(part, &mut seed, &mut scratch))
        });
        if found.is_none() {
            seed.clear();
            seed.extend_from_slice(resource.kind.as_bytes());
            let msh = self.places.message.msh();
            for field in [3, 4, 10] {
                seed.push(b'|');
                seed.extend_from_slice(msh.field(field).raw());
            }
            seed.push(b'|');
            seed.extend_from_slice(resource.name.as_bytes());
            seed.extend_from_slice(b"|#");
            number(ordinal, &mut seed);
        }
        let mut id = identity::id(&seed);
        let count = self.work.seen.entry((resource.kind, id)).or_insert(0);
        *count += 1;
        let named = found.is_some_and(|parts| {
            parts
                .iter()
                .any(|part| matches!(part, Identity::Identifier(_)))
        });
        if *count > 1 && !resource.mention && !named {
            // Two facts that the message does not tell apart are still two; one identifier is one resource.
            seed.extend_from_slice(b"|#");
            number(*count as usize, &mut seed);
            id = identity::id(&seed);
        }
        self.work.seed = seed;
        self.work.scratch = scratch;
        id
    }

    fn identity(&self, part: &Identity, seed: &mut Vec<u8>, scratch: &mut String) -> bool {
        match part {
            Identity::Source(source) => {
                let Some(text) = self.places.text(*source, scratch) else {
                    return false;
                };
                seed.push(b'|');
                seed.extend_from_slice(text.as_bytes());
                true
            }
            Identity::Identifier(source) => {
                let Some(repetition) = self.identifier(*source, scratch) else {
                    return false;
                };
                seed.push(b'|');
                self.authority(
                    Source {
                        component: 4,
                        ..*source
                    },
                    repetition,
                    seed,
                    scratch,
                );
                seed.push(b'|');
                let Some(text) = self.part(*source, repetition, 1, scratch) else {
                    return false;
                };
                seed.extend_from_slice(text.as_bytes());
                true
            }
        }
    }

    /// The repetition of a CX field that identifies best: medical record number, internal, external, first valued.
    fn identifier(&self, source: Source, scratch: &mut String) -> Option<usize> {
        let field = self.places.slots[usize::from(source.slot)]?.field(usize::from(source.field));
        let count = field.repetition_count();
        for wanted in ["MR", "PI", "PT", ""] {
            for repetition in 1..=count {
                if self.part(source, repetition, 1, scratch).is_none() {
                    continue;
                }
                if wanted.is_empty() || self.part(source, repetition, 5, scratch) == Some(wanted) {
                    return Some(repetition);
                }
            }
        }
        None
    }

    fn part<'s>(
        &self,
        source: Source,
        repetition: usize,
        component: usize,
        scratch: &'s mut String,
    ) -> Option<&'s str>
    where
        'a: 's,
    {
        let field = self.places.slots[usize::from(source.slot)]?.field(usize::from(source.field));
        let value = field.repetition(repetition).part(component);
        if !value.is_valued() {
            return None;
        }
        let text = value.text_in(scratch).ok()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The system of an identifier: its authority, else the sender's facility, which scopes its own numbers.
    fn authority(
        &self,
        source: Source,
        repetition: usize,
        out: &mut Vec<u8>,
        scratch: &mut String,
    ) {
        let segment = self.places.slots[usize::from(source.slot)];
        let value = segment.map(|s| {
            s.field(usize::from(source.field))
                .repetition(repetition)
                .part(usize::from(source.component))
        });
        if value.is_some_and(|value| hd_uri(value, out, scratch)) {
            return;
        }
        out.extend_from_slice(b"urn:kiln:authority:");
        let facility = self.places.message.header().sending_facility().part(1);
        if let Ok(text) = facility.text_in(scratch) {
            identity::percent_encode(text.trim().as_bytes(), out);
        }
    }

    fn resource(&mut self, resource: &'r ResourcePlan, at: usize) {
        let instance = self.work.instances[at];
        let already = self.work.seen.contains_key(&(resource.kind, instance.id));
        if already {
            return;
        }
        self.instance = at;
        self.stand(resource, instance.group, instance.anchor);
        let mut buffer = std::mem::take(&mut self.out.bytes);
        let start = buffer.len();
        head(resource.kind, instance.id, &mut buffer);
        let written = self.members(&resource.root, &mut buffer, true);
        buffer.push(b'}');
        if written == Written::Nothing {
            self.work.instances[at].dropped = true;
            buffer.truncate(start);
            self.out.bytes = buffer;
            self.work.pending.clear();
            self.work.pending_entries.clear();
            if let Some(segment) = self.places.message.segment_at(instance.anchor) {
                self.out.issues.push(Issue {
                    segment: name_of(segment.name()),
                    occurrence: 1,
                    field: 0,
                    repetition: 1,
                    component: 0,
                    reason: IssueReason::MissingRequired,
                });
            }
            return;
        }
        let criteria = resource
            .mention
            .then(|| self.criteria(resource, instance.id));
        self.out.entries.push(Entry {
            resource_type: resource.kind,
            id: instance.id,
            json: start..buffer.len(),
            criteria,
        });
        self.work.seen.insert((resource.kind, instance.id), 1);
        for entry in self.work.pending_entries.drain(..) {
            if self
                .work
                .seen
                .insert((entry.resource_type, entry.id), 1)
                .is_some()
            {
                continue;
            }
            let start = buffer.len();
            buffer.extend_from_slice(&self.work.pending[entry.json.clone()]);
            self.out.entries.push(Entry {
                json: start..buffer.len(),
                ..entry
            });
        }
        self.work.pending.clear();
        self.out.bytes = buffer;
    }

    fn criteria(&mut self, resource: &ResourcePlan, id: Uuid) -> std::ops::Range<usize> {
        let start = self.out.criteria.len();
        let mut seed = std::mem::take(&mut self.work.seed);
        let mut scratch = std::mem::take(&mut self.work.scratch);
        if let Some(source) = resource.criteria
            && let Some(repetition) = self.identifier(source, &mut scratch)
        {
            seed.clear();
            let segment = self.places.slots[usize::from(source.slot)];
            let value = segment.map(|s| {
                s.field(usize::from(source.field))
                    .repetition(repetition)
                    .part(4)
            });
            if value.is_some_and(|value| hd_uri(value, &mut seed, &mut scratch))
                && let Some(text) = self.part(source, repetition, 1, &mut scratch)
            {
                identity::criteria(&seed, text.as_bytes(), &mut self.out.criteria);
            }
        }
        if self.out.criteria.len() == start {
            by_id(id, &mut self.out.criteria);
        }
        self.work.seed = seed;
        self.work.scratch = scratch;
        start..self.out.criteria.len()
    }

    /// Writes the members of an object; `comma`: others stand before them.
    fn members(&mut self, node: &'r Node, buffer: &mut Vec<u8>, comma: bool) -> Written {
        let Node::Object {
            children,
            hopes,
            lacks,
        } = node
        else {
            return Written::Nothing;
        };
        let (start, pending, entries) = (
            buffer.len(),
            self.work.pending.len(),
            self.work.pending_entries.len(),
        );
        let mut all = if *lacks { None } else { Some(Written::Nothing) };
        let mut at = 0;
        let mut first = !comma;
        while at < children.len() {
            let Some(so_far) = all else { break };
            let order = children[at].order;
            let end = children[at..]
                .iter()
                .position(|child| child.order != order)
                .map_or(children.len(), |n| at + n);
            let group = &children[at..end];
            let written = self.member(group, buffer, &mut first);
            let lost = written == Written::Nothing && group.iter().any(|child| child.required);
            all = if lost {
                None
            } else if written > so_far {
                Some(written)
            } else {
                Some(so_far)
            };
            at = end;
        }
        match all {
            Some(Written::Content) => return Written::Content,
            Some(Written::Constant) if !hopes => return Written::Constant,
            _ => {}
        }
        buffer.truncate(start);
        self.work.pending.truncate(pending);
        self.work.pending_entries.truncate(entries);
        Written::Nothing
    }

    /// Writes one element: of a choice the first type that has a value, and a primitive's extensions beside it.
    fn member(&mut self, group: &'r [Child], buffer: &mut Vec<u8>, first: &mut bool) -> Written {
        let mut result = Written::Nothing;
        let mut value_written = false;
        for child in group {
            let beside = child.key.starts_with(b"\"_");
            if value_written && !beside {
                continue;
            }
            let start = buffer.len();
            if !*first {
                buffer.push(b',');
            }
            buffer.extend_from_slice(&child.key);
            let written = self.node(&child.node, buffer);
            if written == Written::Nothing {
                buffer.truncate(start);
                continue;
            }
            *first = false;
            value_written |= !beside;
            if written > result {
                result = written;
            }
        }
        result
    }

    fn node(&mut self, node: &'r Node, buffer: &mut Vec<u8>) -> Written {
        match node {
            Node::Leaf(candidates) => self.leaf(candidates, buffer),
            Node::Object { .. } => {
                buffer.push(b'{');
                let written = self.members(node, buffer, false);
                buffer.push(b'}');
                written
            }
            Node::Items { items } => {
                buffer.push(b'[');
                let mut result = Written::Nothing;
                for item in items {
                    let written = self.segments_of(item, buffer);
                    if written > result {
                        result = written;
                    }
                }
                if buffer.last() == Some(&b',') {
                    buffer.pop();
                }
                buffer.push(b']');
                result
            }
        }
    }

    fn segments_of(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        let Some(slot) = item.slot else {
            return self.repetitions_of(item, buffer);
        };
        let slot = usize::from(slot);
        let before = self.places.slots[slot];
        let mut result = Written::Nothing;
        let group = self.work.instances[self.instance].group;
        let mut current = before;
        while let Some(segment) = current {
            self.places.slots[slot] = current;
            let written = self.repetitions_of(item, buffer);
            if written > result {
                result = written;
            }
            let name = self.work.groups.names[segment.ordinal()];
            let next = self.work.groups.next(name, group, segment.ordinal() + 1);
            current = next.and_then(|ordinal| self.places.message.segment_at(ordinal));
        }
        self.places.slots[slot] = before;
        result
    }

    fn repetitions_of(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        if let Some(resource) = item.links {
            return self.links_of(item, resource, buffer);
        }
        let Some((slot, field, number)) = item.repetitions else {
            return self.item(item, buffer);
        };
        let Some(segment) = self.places.slots[usize::from(slot)] else {
            return Written::Nothing;
        };
        let count = segment.field(usize::from(field)).repetition_count();
        let mut result = Written::Nothing;
        for repetition in 1..=count {
            self.places.repetitions[usize::from(number)] =
                u16::try_from(repetition).unwrap_or(u16::MAX);
            let written = self.item(item, buffer);
            if written > result {
                result = written;
            }
        }
        self.places.repetitions[usize::from(number)] = 1;
        result
    }

    fn links_of(&mut self, item: &'r Item, resource: usize, buffer: &mut Vec<u8>) -> Written {
        let group = self.work.groups.instances[self.work.instances[self.instance].group];
        let mut result = Written::Nothing;
        for at in self.work.firsts[resource]..self.work.firsts[resource + 1] {
            let anchor = self.work.instances[at].anchor;
            if anchor < group.start
                || anchor >= group.end
                || at == self.instance
                || self.work.instances[at].dropped
            {
                continue;
            }
            self.linked = Some(at);
            if self.item(item, buffer) == Written::Content {
                result = Written::Content;
            }
        }
        self.linked = None;
        result
    }

    fn item(&mut self, item: &'r Item, buffer: &mut Vec<u8>) -> Written {
        let start = buffer.len();
        let written = self.node(&item.node, buffer);
        if written == Written::Nothing {
            buffer.truncate(start);
        } else {
            buffer.push(b',');
        }
        written
    }

    fn leaf(&mut self, candidates: &'r [Candidate], buffer: &mut Vec<u8>) -> Written {
        let mut scratch = std::mem::take(&mut self.work.scratch);
        let mut result = Written::Nothing;
        for candidate in candidates {
            if !candidate
                .conditions
                .iter()
                .all(|condition| self.places.holds(condition, &mut scratch))
            {
                continue;
            }
            let start = buffer.len();
            result = self.candidate(candidate, buffer, &mut scratch);
            if result != Written::Nothing {
                if self.is_allowed(candidate, &buffer[start..]) {
                    // A constant that stands for a value of the message says as much as the value.
                    if result == Written::Constant
                        && candidate.from.is_some()
                        && candidates.iter().any(Candidate::hopes)
                    {
                        result = Written::Content;
                    }
                    break;
                }
                result = Written::Nothing;
            }
            buffer.truncate(start);
            if let Some(default) = &candidate.default
                && candidate
                    .from
                    .is_none_or(|from| self.places.is_valued(from))
            {
                buffer.extend_from_slice(default);
                result = if candidate.from.is_some() {
                    Written::Content
                } else {
                    Written::Constant
                };
                break;
            }
        }
        self.work.scratch = scratch;
        result
    }

    fn is_allowed(&mut self, candidate: &Candidate, json: &[u8]) -> bool {
        let Some(allowed) = &candidate.allowed else {
            return true;
        };
        let code = std::str::from_utf8(json)
            .unwrap_or_default()
            .trim_matches('"');
        let known = allowed.binary_search(&code).is_ok();
        if !known {
            self.issue(candidate.from, IssueReason::UnmappedCode);
        }
        known
    }

    fn candidate(
        &mut self,
        candidate: &'r Candidate,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        match &candidate.value {
            Value::Constant(json) => {
                if candidate
                    .from
                    .is_some_and(|from| !self.places.is_valued(from))
                {
                    return Written::Nothing;
                }
                buffer.extend_from_slice(json);
                return Written::Constant;
            }
            Value::Nested { kind, root } => {
                self.work.scratch = std::mem::take(scratch);
                let written = self.nested(kind, root, buffer);
                *scratch = std::mem::take(&mut self.work.scratch);
                return written;
            }
            Value::Link { resource, all } => {
                let target = if *all {
                    self.linked
                } else {
                    self.nearest(*resource)
                };
                let Some(target) = target else {
                    return Written::Nothing;
                };
                let id = self.work.instances[target].id;
                self.reference(self.plan.resources[*resource].kind, id, buffer);
                return Written::Content;
            }
            Value::Join(parts, kind) => return self.join(parts, *kind, buffer, scratch),
            Value::Never => return Written::Nothing,
            _ => {}
        }
        let Some(from) = candidate.from else {
            return Written::Nothing;
        };
        match &candidate.value {
            Value::Authority => {
                let Some(value) = self.places.value(from) else {
                    return Written::Nothing;
                };
                let mut uri = std::mem::take(&mut self.work.seed);
                uri.clear();
                let found = hd_uri(value, &mut uri, scratch);
                let text = std::str::from_utf8(&uri).unwrap_or_default();
                let written = found && Primitive::Uri.write(text, self.offset, buffer).is_ok();
                self.work.seed = uri;
                if written {
                    Written::Content
                } else {
                    Written::Nothing
                }
            }
            Value::System => {
                let Some(text) = self.places.text(from, scratch) else {
                    return Written::Nothing;
                };
                let mut uri = std::mem::take(&mut self.work.other);
                let found = self.system(text, &mut uri);
                let written = found && Primitive::Uri.write(&uri, self.offset, buffer).is_ok();
                self.work.other = uri;
                if written {
                    Written::Content
                } else {
                    Written::Nothing
                }
            }
            Value::Mapped(table, part, kind) => {
                let Some(text) = self.places.text(from, scratch) else {
                    return Written::Nothing;
                };
                let Some(entry) = self.tables[*table].get(text) else {
                    if *part == CodePart::Code {
                        self.issue(Some(from), IssueReason::UnmappedCode);
                    }
                    return Written::Nothing;
                };
                let text = match part {
                    CodePart::Code => Some(&entry.code),
                    CodePart::Display => entry.display.as_ref(),
                    CodePart::System => entry.system.as_ref(),
                };
                let start = buffer.len();
                let written =
                    text.is_some_and(|text| kind.write(text, self.offset, buffer).is_ok());
                if !written {
                    buffer.truncate(start);
                    return Written::Nothing;
                }
                Written::Content
            }
            Value::Original {
                primitive,
                table,
                code,
                system,
                is_system,
            } => {
                let mut uri = std::mem::take(&mut self.work.other);
                let keep = self.keeps(*table, *code, *system, &mut uri, scratch);
                let written = if !keep {
                    Written::Nothing
                } else if *is_system {
                    let found = self
                        .places
                        .text(from, scratch)
                        .is_some_and(|text| self.system(text, &mut uri));
                    if found && primitive.write(&uri, self.offset, buffer).is_ok() {
                        Written::Content
                    } else {
                        Written::Nothing
                    }
                } else {
                    self.primitive(from, *primitive, buffer, scratch)
                };
                self.work.other = uri;
                written
            }
            Value::Primitive(primitive) => self.primitive(from, *primitive, buffer, scratch),
            _ => Written::Nothing,
        }
    }

    fn primitive(
        &mut self,
        from: Source,
        kind: Primitive,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let Some(text) = self.places.text(from, scratch) else {
            return Written::Nothing;
        };
        let start = buffer.len();
        match kind.write(text, self.offset, buffer) {
            Ok(()) => Written::Content,
            Err(reason) => {
                buffer.truncate(start);
                self.issue(Some(from), reason);
                Written::Nothing
            }
        }
    }

    /// Whether the original coding stands beside the mapped one: only when it is of another system.
    fn keeps(
        &self,
        table: usize,
        code: Source,
        system: Option<Source>,
        uri: &mut String,
        scratch: &mut String,
    ) -> bool {
        let mapped = self
            .places
            .text(code, scratch)
            .and_then(|text| self.tables[table].get(text));
        let Some(mapped) = mapped else { return true };
        let Some(system) = system else { return false };
        let stated = self
            .places
            .text(system, scratch)
            .is_some_and(|text| self.system(text, uri));
        stated && mapped.system.as_deref() != Some(uri.as_str())
    }

    /// The URI of a coding system's name (HL7 table 0396).
    fn system(&self, name: &str, uri: &mut String) -> bool {
        uri.clear();
        if let Some(entry) = self.systems.and_then(|table| self.tables[table].get(name)) {
            uri.push_str(&entry.code);
        } else if let Some(table) = name
            .strip_prefix("HL7")
            .filter(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
        {
            uri.push_str("http://terminology.hl7.org/CodeSystem/v2-");
            uri.push_str(table);
        } else if name.starts_with("http://")
            || name.starts_with("https://")
            || name.starts_with("urn:")
        {
            uri.push_str(name);
        } else if is_oid(name) {
            uri.push_str("urn:oid:");
            uri.push_str(name);
        }
        !uri.is_empty()
    }

    fn join(
        &mut self,
        parts: &[Part],
        kind: Primitive,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let mut text = std::mem::take(&mut self.work.other);
        text.clear();
        let (mut literal, mut any) = ("", false);
        for part in parts {
            match part {
                Part::Literal(next) => literal = next,
                Part::Source(source) => {
                    if let Some(value) = self.places.text(*source, scratch) {
                        if any
                            || parts
                                .first()
                                .is_some_and(|p| matches!(p, Part::Literal(l) if l == literal))
                        {
                            text.push_str(literal);
                        }
                        text.push_str(value);
                        any = true;
                    }
                    literal = "";
                }
            }
        }
        if any {
            text.push_str(literal);
        }
        let written = any && kind.write(&text, self.offset, buffer).is_ok();
        self.work.other = text;
        if written {
            Written::Content
        } else {
            Written::Nothing
        }
    }

    fn nested(&mut self, kind: &'static str, root: &'r Node, buffer: &mut Vec<u8>) -> Written {
        let mut body = self.work.buffers.pop().unwrap_or_default();
        body.clear();
        let written = self.members(root, &mut body, true);
        if written == Written::Nothing {
            self.work.buffers.push(body);
            return Written::Nothing;
        }
        let mut seed = std::mem::take(&mut self.work.seed);
        seed.clear();
        seed.extend_from_slice(kind.as_bytes());
        seed.push(b'|');
        let criteria_start = self.out.criteria.len();
        let id = if let Some((system, value)) = identity::first_identifier(&body) {
            seed.extend_from_slice(system);
            seed.push(b'|');
            seed.extend_from_slice(value);
            if !system.is_empty() {
                identity::criteria(system, value, &mut self.out.criteria);
            }
            identity::id(&seed)
        } else {
            identity::content(&body, &mut seed);
            identity::id(&seed)
        };
        if self.out.criteria.len() == criteria_start {
            by_id(id, &mut self.out.criteria);
        }
        let start = self.work.pending.len();
        head(kind, id, &mut self.work.pending);
        self.work.pending.extend_from_slice(&body);
        self.work.pending.push(b'}');
        let json = start..self.work.pending.len();
        let criteria = Some(criteria_start..self.out.criteria.len());
        self.work.pending_entries.push(Entry {
            resource_type: kind,
            id,
            json,
            criteria,
        });
        self.work.seed = seed;
        self.work.buffers.push(body);
        self.reference(kind, id, buffer);
        Written::Content
    }

    fn reference(&self, kind: &str, id: Uuid, buffer: &mut Vec<u8>) {
        buffer.push(b'"');
        match self.options.references {
            References::Relative => {
                buffer.extend_from_slice(kind.as_bytes());
                buffer.push(b'/');
            }
            References::Urn => buffer.extend_from_slice(b"urn:uuid:"),
        }
        buffer.extend_from_slice(
            id.hyphenated()
                .encode_lower(&mut Uuid::encode_buffer())
                .as_bytes(),
        );
        buffer.push(b'"');
    }

    /// The linked instance nearest to the current one: same segment, then same group, then the groups around it.
    fn nearest(&self, resource: usize) -> Option<usize> {
        let own = self.work.instances[self.instance];
        let range = self.work.firsts[resource]..self.work.firsts[resource + 1];
        let instances = &self.work.instances[range.clone()];
        let mut group = own.group;
        loop {
            let around = self.work.groups.instances[group];
            let first = instances.partition_point(|instance| instance.anchor < around.start);
            let usable = |n: usize, i: &Instance| range.start + n != self.instance && !i.dropped;
            let mut within = instances
                .iter()
                .enumerate()
                .skip(first)
                .take_while(|(_, i)| i.anchor < around.end);
            let same = instances
                .binary_search_by(|i| i.anchor.cmp(&own.anchor))
                .ok()
                .filter(|n| usable(*n, &instances[*n]));
            if let Some(same) = same {
                return Some(range.start + same);
            }
            if let Some((n, _)) = within.find(|(n, i)| usable(*n, i)) {
                return Some(range.start + n);
            }
            if group == 0 {
                return None;
            }
            group = around.parent;
        }
    }

    fn issue(&mut self, source: Option<Source>, reason: IssueReason) {
        let Some(source) = source else { return };
        let Some(segment) = self.places.slots[usize::from(source.slot)] else {
            return;
        };
        let repetition = if source.repetition == 0 {
            1
        } else {
            self.places.repetitions[usize::from(source.repetition)]
        };
        let before = self.places.message.segments().take(segment.ordinal());
        let occurrence = before
            .filter(|other| other.name() == segment.name())
            .count()
            + 1;
        let issue = Issue {
            segment: name_of(segment.name()),
            occurrence: u16::try_from(occurrence).unwrap_or(u16::MAX),
            field: source.field,
            repetition,
            component: source.component,
            reason,
        };
        if !self.out.issues.contains(&issue) && self.out.issues.len() < MAX_ISSUES {
            self.out.issues.push(issue);
        }
    }
}

/// A resource may come to nothing because one that it needs did; chains are no longer than this.
const MAX_PASSES: usize = 4;

/// Issues kept of one message.
const MAX_ISSUES: usize = 256;

fn name_of(name: &str) -> [u8; 3] {
    let bytes = name.as_bytes();
    [bytes.first(), bytes.get(1), bytes.get(2)].map(|b| b.copied().unwrap_or(b'?'))
}

fn head(kind: &str, id: Uuid, out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"resourceType":""#);
    out.extend_from_slice(kind.as_bytes());
    out.extend_from_slice(br#"","id":""#);
    out.extend_from_slice(
        id.hyphenated()
            .encode_lower(&mut Uuid::encode_buffer())
            .as_bytes(),
    );
    out.push(b'"');
}

fn by_id(id: Uuid, out: &mut String) {
    out.push_str("_id=");
    out.push_str(id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
}

fn number(n: usize, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let (mut at, mut rest) = (digits.len(), n);
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn is_oid(text: &str) -> bool {
    text.len() > 4
        && text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        && text.starts_with(['0', '1', '2'])
}

/// The URI of an assigning authority (HD, HL7 v2.9 §2A.2.34): its universal id, else its name, so that two stay distinct.
fn hd_uri(value: kiln_hl7::Value<'_>, out: &mut Vec<u8>, scratch: &mut String) -> bool {
    let iso = value.part(3).raw();
    let universal = value.part(2);
    if universal.is_valued()
        && let Ok(text) = universal.text_in(scratch)
    {
        let text = text.trim();
        let prefix: Option<&[u8]> = match iso {
            b"ISO" | b"" if is_oid(text) => Some(b"urn:oid:"),
            b"UUID" | b"GUID" if Uuid::try_parse(text).is_ok() => Some(b"urn:uuid:"),
            b"URI" | b"URL" if !text.is_empty() && !text.contains(char::is_whitespace) => Some(b""),
            b"DNS"
                if !text.is_empty()
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b)) =>
            {
                Some(b"http://")
            }
            _ => None,
        };
        if let Some(prefix) = prefix {
            out.extend_from_slice(prefix);
            if prefix == b"urn:uuid:" {
                out.extend(text.bytes().map(|b| b.to_ascii_lowercase()));
            } else {
                out.extend_from_slice(text.as_bytes());
            }
            return true;
        }
    }
    for part in [value.part(1), universal] {
        if part.is_valued()
            && let Ok(text) = part.text_in(scratch)
            && !text.trim().is_empty()
        {
            out.extend_from_slice(b"urn:kiln:authority:");
            identity::percent_encode(text.trim().as_bytes(), out);
            return true;
        }
    }
    false
}
