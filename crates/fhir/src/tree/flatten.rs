//! The tree as plan, in R4 order.

use super::guard::Needs;
use super::shape::{Branch, Entry, Shape, TreeItem};
use crate::definitions::Definitions;
use crate::plan::{Candidate, Child, Guard, Item, Node, Value};

impl Shape {
    /// The part of the plan, and what it waits for.
    pub(super) fn node(self, r4: &Definitions) -> (Node, Needs) {
        let mut needs = Needs::default();
        let node = match self {
            Shape::Empty => Node::Leaf(Vec::new()),
            Shape::Leaf(entries) => {
                let entry = |entry| match entry {
                    Entry::Row(candidate) => {
                        needs.row(&candidate);
                        candidate
                    }
                    Entry::Nested(kind, shape) => {
                        let place = shape.first_row().unwrap_or_default();
                        let (root, inner) = shape.node(r4);
                        needs.add(inner);
                        Candidate {
                            place,
                            conditions: Vec::new(),
                            from: None,
                            over: None,
                            value: Value::Nested { kind, root },
                            default: None,
                            allowed: None,
                        }
                    }
                };
                Node::Leaf(entries.into_iter().map(entry).collect())
            }
            Shape::Items(items) => {
                let items = items.into_iter().map(|item| item.flatten(r4, &mut needs));
                Node::Items {
                    items: items.collect(),
                }
            }
            Shape::Object(kind, mut branches) => {
                require_amounts(&mut branches);
                let lacks = r4
                    .required(&kind)
                    .any(|element| !branches.iter().any(|b| b.order == element.order));
                branches.sort_by_key(|branch| (branch.order, branch.name.starts_with('_')));
                let mut children: Vec<Child> = branches
                    .into_iter()
                    .map(|branch| branch.flatten(r4, &mut needs))
                    .collect();
                let hopes = children.iter().any(|child| hopes(&child.node));
                for child in &mut children {
                    // What R4 requires may stand on constants alone.
                    if let (true, Node::Object { hopes, .. }) = (child.required, &mut child.node) {
                        *hopes = false;
                        child.guard = Guard::Open;
                    }
                }
                Node::Object {
                    children,
                    hopes,
                    lacks,
                }
            }
        };
        (node, needs)
    }
}

impl Branch {
    fn flatten(self, r4: &Definitions, around: &mut Needs) -> Child {
        let (node, needs) = self.shape.node(r4);
        let guard = guard(&node, &needs);
        around.add(needs);
        Child {
            key: format!("\"{}\":", self.name).into_bytes(),
            order: self.order,
            required: self.required,
            guard,
            node,
        }
    }
}

impl TreeItem {
    fn flatten(self, r4: &Definitions, around: &mut Needs) -> Item {
        let (node, mut needs) = self.shape.node(r4);
        let guard = guard(&node, &needs);
        if let Some((_, _, number)) = self.repetitions {
            needs.outside_repetitions(number);
        }
        if let Some(slot) = self.slot {
            needs.outside_segments(slot);
        }
        around.add(needs);
        Item {
            slot: self.slot,
            repetitions: self.repetitions,
            links: self.links,
            guard,
            node,
        }
    }
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

impl Shape {
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

fn guard(node: &Node, needs: &Needs) -> Guard {
    if says_constants(node) {
        return Guard::Open;
    }
    needs.guard()
}

/// Whether a node may be written though nothing of the message is in it.
fn says_constants(node: &Node) -> bool {
    match node {
        Node::Leaf(candidates) => candidates.iter().any(|candidate| {
            candidate.from.is_none()
                && (matches!(candidate.value, Value::Constant(_)) || candidate.default.is_some())
        }),
        Node::Object { hopes, .. } => !hopes,
        Node::Items { items } => items.iter().any(|item| says_constants(&item.node)),
    }
}

impl Shape {
    /// Map file and line of the first row in it.
    fn first_row(&self) -> Option<(usize, u32)> {
        match self {
            Shape::Empty => None,
            Shape::Leaf(entries) => entries.iter().find_map(|entry| match entry {
                Entry::Row(candidate) => Some(candidate.place),
                Entry::Nested(_, shape) => shape.first_row(),
            }),
            Shape::Object(_, branches) => branches.iter().find_map(|b| b.shape.first_row()),
            Shape::Items(items) => items.iter().find_map(|item| item.shape.first_row()),
        }
    }
}

/// Whether a node could hold more than constants.
fn hopes(node: &Node) -> bool {
    match node {
        Node::Leaf(candidates) => candidates.iter().any(Candidate::hopes),
        Node::Object { hopes, .. } => *hopes,
        Node::Items { items } => items.iter().any(|item| hopes(&item.node)),
    }
}
