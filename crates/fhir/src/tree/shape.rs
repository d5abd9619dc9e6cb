//! What a tree is made of.

use super::flatten::Flattener;
use super::pool::Pool;
use super::walk::walk;
use crate::definitions::Definitions;
use crate::maps::path::{Item, Step};
use crate::plan::{Candidate, Frame, Node, Slot, Source};
use crate::primitive::Primitive;

/// A step of a target path, and the application of a map that it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) step: Step,
    pub(crate) application: usize,
}

/// Numbers the applications of maps: items with the same number are the same only within one application.
pub(crate) struct Application;

impl Application {
    pub(crate) fn place(steps: &[Step], application: usize) -> Vec<Placed> {
        steps
            .iter()
            .map(|step| Placed {
                step: step.clone(),
                application: match step {
                    Step::Element {
                        item: Item::Name(_),
                        ..
                    } => 0,
                    _ => application,
                },
            })
            .collect()
    }
}

/// What R4 says of the end of a path.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) kind: String,
    pub(crate) binding: Option<&'static str>,
}

pub(crate) struct Tree {
    pub(super) kind: String,
    pub(super) root: Shape,
}

pub(super) enum Shape {
    Empty,
    Leaf(Vec<Entry>),
    Object(String, Vec<Branch>),
    Items(Vec<TreeItem>),
}

/// A row at the end of its path.
pub(crate) struct Row {
    pub(crate) candidate: Candidate,
    /// The field whose repetitions its item repeats with, where it is not what the row takes.
    pub(crate) over: Option<Source>,
}

pub(super) enum Entry {
    Row(Row),
    Nested(&'static str, Shape),
}

pub(super) struct Branch {
    pub(super) name: String,
    pub(super) order: u16,
    pub(super) required: bool,
    pub(super) shape: Shape,
}

pub(super) struct TreeItem {
    /// Application and item; no item: one for each linked instance.
    pub(super) key: (usize, Option<Item>),
    pub(super) links: Option<usize>,
    pub(super) slot: Option<u8>,
    pub(super) repetitions: Option<Frame>,
    pub(super) shape: Shape,
}

impl Tree {
    pub(crate) fn new(kind: &str) -> Tree {
        let root = if Primitive::named(kind).is_some() {
            Shape::Empty
        } else {
            Shape::Object(kind.to_owned(), Vec::new())
        };
        Tree {
            kind: kind.to_owned(),
            root,
        }
    }

    /// The R4 type at the end of a path.
    pub(crate) fn target(&mut self, r4: &Definitions, path: &[Placed]) -> Result<String, String> {
        let target = Target {
            kind: self.kind.clone(),
            binding: None,
        };
        walk(r4, &mut self.root, target, path, None).map(|(_, target)| target.kind)
    }

    /// Adds a row at the end of a path.
    pub(crate) fn insert(
        &mut self,
        r4: &Definitions,
        path: &[Placed],
        links: Option<usize>,
        make: impl FnOnce(&Target) -> Result<Row, String>,
    ) -> Result<(), String> {
        let target = Target {
            kind: self.kind.clone(),
            binding: None,
        };
        let (shape, target) = walk(r4, &mut self.root, target, path, links)?;
        let row = make(&target)?;
        match shape {
            Shape::Empty => *shape = Shape::Leaf(vec![Entry::Row(row)]),
            Shape::Leaf(entries) => entries.push(Entry::Row(row)),
            Shape::Object(..) | Shape::Items(_) => {
                return Err(format!(
                    "it is {}, which holds no value of its own",
                    target.kind
                ));
            }
        }
        Ok(())
    }

    /// The tree as plan, the field that it reads if it is one alone, and how many loops over repetitions it has.
    pub(crate) fn finish(
        mut self,
        r4: &Definitions,
        slots: &[Slot],
        pool: &mut Pool,
    ) -> (Node, Option<Frame>, usize) {
        let mut loops = 0;
        self.root.assign(slots, &mut loops, &mut Vec::new());
        let root = Flattener { r4, pool }.node(self.root, 0);
        (root.node, root.reads.frame(), loops)
    }
}
