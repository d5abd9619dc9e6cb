//! The tree as plan, in R4 order.

use super::shape::{Entry, Shape};
use crate::definitions::Definitions;
use crate::plan::{Candidate, Child, Item, Node, Value};

impl Shape {
    pub(super) fn node(self, r4: &Definitions) -> Node {
        match self {
            Shape::Empty => Node::Leaf(Vec::new()),
            Shape::Leaf(entries) => Node::Leaf(
                entries
                    .into_iter()
                    .map(|entry| match entry {
                        Entry::Row(candidate) => candidate,
                        Entry::Nested(kind, shape) => Candidate {
                            place: shape.first_row().unwrap_or_default(),
                            conditions: Vec::new(),
                            from: None,
                            over: None,
                            value: Value::Nested {
                                kind,
                                root: shape.node(r4),
                            },
                            default: None,
                            allowed: None,
                        },
                    })
                    .collect(),
            ),
            Shape::Items(items) => Node::Items {
                items: items
                    .into_iter()
                    .map(|item| Item {
                        slot: item.slot,
                        repetitions: item.repetitions,
                        links: item.links,
                        node: item.shape.node(r4),
                    })
                    .collect(),
            },
            Shape::Object(kind, mut branches) => {
                let lacks = r4
                    .required(&kind)
                    .any(|element| !branches.iter().any(|b| b.order == element.order));
                branches.sort_by_key(|branch| (branch.order, branch.name.starts_with('_')));
                let mut children: Vec<Child> = branches
                    .into_iter()
                    .map(|branch| Child {
                        key: format!("\"{}\":", branch.name).into_bytes(),
                        order: branch.order,
                        required: branch.required,
                        node: branch.shape.node(r4),
                    })
                    .collect();
                let hopes = children.iter().any(|child| hopes(&child.node));
                for child in &mut children {
                    // What R4 requires may stand on constants alone.
                    if let (true, Node::Object { hopes, .. }) = (child.required, &mut child.node) {
                        *hopes = false;
                    }
                }
                Node::Object {
                    children,
                    hopes,
                    lacks,
                }
            }
        }
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
