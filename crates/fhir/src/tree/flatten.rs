//! The tree as plan, in R4 order.

use super::frame::{Reads, in_frame};
use super::guard::Needs;
use super::pool::Pool;
use super::shape::{Branch, Entry, Row, Shape, TreeItem};
use crate::definitions::Definitions;
use crate::maps::condition::Condition;
use crate::plan::{
    ALWAYS, Candidate, Child, CodePart, Gate, Guard, Item, Need, Node, Object, Passage, Source,
    Span, Translated, Value,
};
use crate::primitive::Primitive;

/// A part of the plan, and what is known of it.
pub(super) struct Flat {
    pub(super) node: Node,
    needs: Needs,
    pub(super) reads: Reads,
    /// It could hold more than constants.
    hopes: bool,
    /// It may be written though nothing of the message is in it.
    says_constants: bool,
}

pub(super) struct Flattener<'f> {
    pub(super) r4: &'f Definitions,
    pub(super) pool: &'f mut Pool,
}

impl Flattener<'_> {
    /// Makes a shape a part of the plan; the first `asked` conditions of its rows have been asked when it is walked.
    pub(super) fn node(&mut self, shape: Shape, asked: usize) -> Flat {
        match shape {
            Shape::Empty => self.leaf(Vec::new(), asked),
            Shape::Leaf(entries) => self.leaf(entries, asked),
            Shape::Items(items) => self.items(items, asked),
            Shape::Object(_, branches) if is_coding_of_table(&branches, asked) => {
                self.coding(branches, asked)
            }
            Shape::Object(kind, branches) => self.object(&kind, branches, asked),
        }
    }

    fn leaf(&mut self, entries: Vec<Entry>, asked: usize) -> Flat {
        let mut needs = Needs::default();
        let (mut candidates, mut reads) = (Vec::new(), Vec::new());
        for entry in entries {
            let (mut candidate, inner) = match entry {
                Entry::Row(row) => {
                    let mut candidate = row.candidate;
                    needs.row(&candidate);
                    candidate.conditions.drain(..asked);
                    (candidate, Reads::Nothing)
                }
                Entry::Nested(kind, shape) => {
                    let place = shape.first_row().unwrap_or_default();
                    let inner = self.node(shape, asked);
                    needs.add(inner.needs);
                    let value = Value::Nested {
                        kind,
                        root: inner.node,
                    };
                    (Candidate::new(value, place), inner.reads)
                }
            };
            reads.push(candidate.framed(inner));
            candidates.push(candidate);
        }
        let whole = reads.iter().copied().fold(Reads::Nothing, Reads::and);
        if whole == Reads::More {
            for (candidate, reads) in candidates.iter_mut().zip(reads) {
                candidate.frame = reads.frame();
            }
        }
        Flat {
            needs,
            reads: whole,
            hopes: candidates.iter().any(Candidate::hopes),
            says_constants: candidates.iter().any(|candidate| {
                candidate.from.is_none()
                    && (matches!(candidate.value, Value::Constant(_))
                        || candidate.default.is_some())
            }),
            node: self.rows(candidates),
        }
    }

    /// The coding that a table has for a code; it is written whole.
    fn coding(&mut self, branches: Vec<Branch>, asked: usize) -> Flat {
        let mut needs = Needs::default();
        let mut reads = Reads::Nothing;
        let mut rows = Vec::new();
        for branch in branches {
            let Shape::Leaf(entries) = branch.shape else {
                continue;
            };
            for entry in entries {
                let Entry::Row(row) = entry else { continue };
                let mut row = row.candidate;
                needs.row(&row);
                row.conditions.drain(..asked);
                reads = reads.and(row.framed(Reads::Nothing));
                rows.push(row);
            }
        }
        Flat {
            node: Node::Coding(self.pool.candidates.keep(rows)),
            needs,
            reads,
            hopes: true,
            says_constants: false,
        }
    }

    fn rows(&mut self, candidates: Vec<Candidate>) -> Node {
        let rows = self.pool.candidates.keep(candidates);
        let [only] = rows.of(self.pool.candidates.all()) else {
            return Node::Leaf(rows);
        };
        let candidate = rows.first;
        match (&only.value, only.from) {
            _ if !only.is_plain() => Node::Leaf(rows),
            (Value::Primitive(kind), Some(from)) => Node::Taken {
                from,
                kind: *kind,
                candidate,
            },
            (Value::Constant(json), from) => Node::Stated {
                json: self.pool.text.keep(json.clone()),
                from,
                candidate,
            },
            _ => Node::Leaf(rows),
        }
    }

    fn items(&mut self, items: Vec<TreeItem>, asked: usize) -> Flat {
        let mut needs = Needs::default();
        let (mut hopes, mut says_constants) = (false, false);
        let mut parts = Vec::new();
        for item in items {
            let (gate, inner) = self.gated(item.shape, asked);
            (hopes, says_constants) = (hopes | inner.hopes, says_constants | inner.says_constants);
            let mut outside = inner.needs;
            if let Some(frame) = item.repetitions {
                outside.outside_repetitions(frame.repetition);
            }
            if let Some(slot) = item.slot {
                outside.outside_segments(slot);
            }
            needs.add(outside);
            let loops = item.slot.is_some() || item.repetitions.is_some() || item.links.is_some();
            let reads = if loops { Reads::More } else { gate.reads() };
            let (slot, repetitions, links) = (item.slot, item.repetitions, item.links);
            let item = move |gate| Item {
                loops,
                slot,
                repetitions,
                links,
                gate,
                node: inner.node,
            };
            parts.push((gate, reads, item));
        }
        let reads = parts.iter().map(|(_, reads, _)| *reads);
        let whole = reads.fold(Reads::Nothing, Reads::and);
        let items = parts
            .into_iter()
            .map(|(gate, _, item)| item(gate.within(whole, self.pool)));
        let items = items.collect();
        let items = self.pool.items.keep(items);
        Flat {
            node: Node::Items(items),
            needs,
            reads: whole,
            hopes,
            says_constants,
        }
    }

    fn object(&mut self, kind: &str, mut branches: Vec<Branch>, asked: usize) -> Flat {
        require_amounts(&mut branches);
        let lacks = self
            .r4
            .required(kind)
            .any(|element| !branches.iter().any(|b| b.order == element.order));
        branches.sort_by_key(|branch| (branch.order, branch.name.starts_with('_')));
        let orders: Vec<u16> = branches.iter().map(|branch| branch.order).collect();
        let mut needs = Needs::default();
        let (mut hopes, mut element, mut element_required) = (false, 1, false);
        let mut parts = Vec::new();
        for (at, branch) in branches.into_iter().enumerate() {
            let (mut gate, mut inner) = self.gated(branch.shape, asked);
            needs.add(std::mem::take(&mut inner.needs));
            hopes |= inner.hopes;
            // What R4 requires may stand on constants alone.
            if let (true, Node::Object(object)) = (branch.required, &mut inner.node) {
                object.hopes = false;
                gate.needs.clear();
            }
            if at > 0 && orders[at - 1] != branch.order {
                (element, element_required) = (element + 1, false);
            }
            element_required |= branch.required;
            let ends = orders.get(at + 1) != Some(&branch.order);
            let required = element_required && ends;
            let follows = at > 0 && orders[at - 1] == branch.order;
            let counts = element_required || follows || !ends;
            let key = format!(",\"{}\":", branch.name).into_bytes();
            let key = self.keyed(key, &mut inner.node);
            let beside = branch.name.starts_with('_');
            let child = move |gate| Child {
                key,
                element,
                counts,
                required,
                beside,
                gate,
                node: inner.node,
            };
            parts.push((gate, child));
        }
        let reads = parts.iter().map(|(gate, _)| gate.reads());
        let whole = reads.fold(Reads::Nothing, Reads::and);
        let children = parts
            .into_iter()
            .map(|(gate, child)| child(gate.within(whole, self.pool)));
        let children = children.collect();
        let children = self.pool.children.keep(children);
        let original = whole.frame().and_then(|_| self.original(children));
        Flat {
            node: Node::Object(Object {
                children,
                hopes,
                lacks,
                original,
            }),
            needs,
            reads: whole,
            hopes,
            says_constants: !hopes,
        }
    }

    /// A row of an object that holds the original of a code, if all rows do that are no constants.
    fn original(&self, children: Span) -> Option<u32> {
        let mut original: Option<(Translated, u32)> = None;
        for child in children.of(self.pool.children.all()) {
            let rows = match child.node {
                Node::Stated { .. } => continue,
                Node::Leaf(rows) => rows,
                _ => return None,
            };
            for (number, row) in (rows.first..).zip(rows.of(self.pool.candidates.all())) {
                match row.value {
                    Value::Constant(_) if row.default.is_none() => {}
                    Value::Original { of, .. } if row.default.is_none() && row.frame.is_none() => {
                        let (same, _) = *original.get_or_insert((of, number));
                        if same != of {
                            return None;
                        }
                    }
                    _ => return None,
                }
            }
        }
        original.map(|(_, number)| number)
    }

    /// Keeps the key of a member, with the value behind it where that is known: they are written as one.
    fn keyed(&mut self, mut key: Vec<u8>, node: &mut Node) -> Span {
        let Node::Stated { json, .. } = node else {
            return self.pool.text.keep(key);
        };
        let length = u32::try_from(key.len()).unwrap_or(u32::MAX);
        key.extend_from_slice(json.of(self.pool.text.all()));
        let both = self.pool.text.keep(key);
        json.first = both.first + length;
        Span {
            count: length,
            ..both
        }
    }

    /// A part behind a gate, which asks what all of its rows would ask.
    fn gated(&mut self, shape: Shape, asked: usize) -> (Ungated, Flat) {
        let shared = shape.shared_conditions().unwrap_or_default();
        let conditions: Box<[_]> = shared.get(asked..).unwrap_or_default().into();
        let flat = self.node(shape, asked + conditions.len());
        let gate = Ungated {
            needs: if flat.says_constants {
                Vec::new()
            } else {
                flat.needs.asked()
            },
            conditions,
            inside: flat.reads,
        };
        (gate, flat)
    }
}

/// A gate of which it is not yet known what the part around it reads.
struct Ungated {
    needs: Vec<Need>,
    conditions: Box<[Condition<Source>]>,
    inside: Reads,
}

impl Ungated {
    fn reads(&self) -> Reads {
        self.inside.and(Reads::asked(&self.conditions))
    }

    /// The gate within a part that reads so much.
    fn within(mut self, around: Reads, pool: &mut Pool) -> Gate {
        let framed = around != Reads::More;
        let guard = match self.needs[..] {
            [] => Guard::One(Need::Fields {
                slot: ALWAYS,
                mask: u64::MAX,
            }),
            _ if framed => Guard::One(Need::in_frame(&self.needs)),
            [need] => Guard::One(need),
            _ => Guard::Any(pool.needs.keep(self.needs)),
        };
        if framed {
            for condition in &mut self.conditions {
                condition.visit_mut(&mut in_frame);
            }
        }
        let passage = Passage {
            conditions: self.conditions,
            frame: self.inside.frame().filter(|_| !framed),
        };
        let is_none = passage.conditions.is_empty() && passage.frame.is_none();
        Gate {
            guard,
            passage: (!is_none).then(|| Box::new(passage)),
        }
    }
}

impl Shape {
    /// The conditions that each row in it asks first, and that are the same in all its loops; `None`: it has no rows.
    fn shared_conditions(&self) -> Option<&[Condition<Source>]> {
        match self {
            Shape::Empty => None,
            Shape::Leaf(entries) => shared(entries.iter().map(|entry| match entry {
                // Asked of each segment.
                Entry::Row(row) if matches!(row.candidate.value, Value::Lines(_)) => Some(&[][..]),
                Entry::Row(row) => Some(&row.candidate.conditions[..]),
                Entry::Nested(_, shape) => shape.shared_conditions(),
            })),
            Shape::Object(_, branches) => shared(
                branches
                    .iter()
                    .map(|branch| branch.shape.shared_conditions()),
            ),
            Shape::Items(items) => shared(items.iter().map(|item| {
                let conditions = item.shape.shared_conditions()?;
                let looped = |source: &Source| {
                    item.slot == Some(source.slot)
                        || item
                            .repetitions
                            .is_some_and(|frame| frame.repetition == source.repetition)
                };
                let outside = conditions.iter().take_while(|condition| {
                    let mut free = true;
                    condition.visit(&mut |source| free &= !looped(source));
                    free
                });
                Some(&conditions[..outside.count()])
            })),
        }
    }

    /// Map file and line of the first row in it.
    fn first_row(&self) -> Option<(usize, u32)> {
        match self {
            Shape::Empty => None,
            Shape::Leaf(entries) => entries.iter().find_map(|entry| match entry {
                // Where a link stands differs from message to message.
                Entry::Row(row) if matches!(row.candidate.value, Value::Link { .. }) => None,
                Entry::Row(row) => Some(row.candidate.place),
                Entry::Nested(_, shape) => shape.first_row(),
            }),
            Shape::Object(_, branches) => branches.iter().find_map(|b| b.shape.first_row()),
            Shape::Items(items) => items.iter().find_map(|item| item.shape.first_row()),
        }
    }

    /// A quantity needs its value, a ratio both of its sides (R4, rat-1), whatever else is said of them.
    fn require_amount(&mut self) {
        let Shape::Object(kind, parts) = self else {
            return;
        };
        let needed: &[&str] = match kind.as_str() {
            "Quantity" => &["value"],
            "Ratio" => &["numerator", "denominator"],
            "Range" => &[],
            _ => return,
        };
        for part in parts {
            part.required |= needed.contains(&part.name.as_str());
            part.shape.require_amount();
        }
    }
}

/// Whether an object has nothing but system, code and display of what one table has for one code, of which nothing is to be
/// asked any more.
fn is_coding_of_table(branches: &[Branch], asked: usize) -> bool {
    let mut one = None;
    let mut is_part = |(branch, part): (&Branch, CodePart)| {
        let Shape::Leaf(entries) = &branch.shape else {
            return false;
        };
        let [Entry::Row(Row { candidate, .. })] = &entries[..] else {
            return false;
        };
        let (Value::Mapped(table, of, Primitive::Text, system), true) =
            (&candidate.value, candidate.from.is_some())
        else {
            return false;
        };
        let this = (*table, candidate.from, *system);
        *of == part
            && *one.get_or_insert(this) == this
            && candidate.conditions.len() == asked
            && candidate.frame.is_none()
            && candidate.default.is_none()
            && candidate.allowed.is_none()
    };
    let parts = [CodePart::System, CodePart::Code, CodePart::Display];
    branches.len() == parts.len() && branches.iter().zip(parts).all(&mut is_part)
}

/// What several parts share of their first conditions; those without rows ask nothing.
fn shared<'c>(
    parts: impl Iterator<Item = Option<&'c [Condition<Source>]>>,
) -> Option<&'c [Condition<Source>]> {
    let mut shared: Option<&[_]> = None;
    for conditions in parts.flatten() {
        let common = match shared {
            None => conditions,
            Some(so_far) => {
                let same = so_far.iter().zip(conditions).take_while(|(a, b)| a == b);
                &so_far[..same.count()]
            }
        };
        shared = Some(common);
        if common.is_empty() {
            break;
        }
    }
    shared
}

/// Of a choice (`value[x]`) only one type is written: a unit without its amount must not win over the text that was sent.
fn require_amounts(branches: &mut [Branch]) {
    for at in 0..branches.len() {
        let (order, name) = (branches[at].order, branches[at].name.as_str());
        let is_choice = branches
            .iter()
            .any(|other| other.order == order && other.name.trim_start_matches('_') != name);
        if is_choice {
            branches[at].shape.require_amount();
        }
    }
}
