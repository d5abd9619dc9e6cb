//! The tree of targets of one resource: rows of all maps merged, then put in R4 order.

use crate::definitions::Definitions;
use crate::maps::condition::Condition;
use crate::maps::path::Step;
use crate::nearest;
use crate::plan::{Candidate, Child, Item, Node, Part, Slot, Source, Value};
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
                application,
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
    kind: String,
    root: Shape,
}

enum Shape {
    Empty,
    Leaf(Vec<Entry>),
    Object(String, Vec<Branch>),
    Items(Vec<TreeItem>),
}

enum Entry {
    Row(Candidate),
    Nested(&'static str, (usize, u32), Shape),
}

struct Branch {
    name: String,
    order: u16,
    required: bool,
    shape: Shape,
}

struct TreeItem {
    key: (usize, u16),
    links: Option<usize>,
    slot: Option<u8>,
    repetitions: Option<(u8, u16, u8)>,
    shape: Shape,
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
        make: impl FnOnce(&Target) -> Result<Candidate, String>,
    ) -> Result<(), String> {
        let target = Target {
            kind: self.kind.clone(),
            binding: None,
        };
        let (shape, target) = walk(r4, &mut self.root, target, path, links)?;
        let candidate = make(&target)?;
        match shape {
            Shape::Empty => *shape = Shape::Leaf(vec![Entry::Row(candidate)]),
            Shape::Leaf(entries) => entries.push(Entry::Row(candidate)),
            Shape::Object(..) | Shape::Items(_) => {
                return Err(format!(
                    "it is {}, which holds no value of its own",
                    target.kind
                ));
            }
        }
        Ok(())
    }

    /// The tree as plan, and how many loops over repetitions it has.
    pub(crate) fn finish(mut self, r4: &Definitions, slots: &[Slot]) -> (Node, usize) {
        let mut loops = 0;
        self.root.assign(slots, &mut loops, &mut Vec::new());
        (self.root.node(r4), loops)
    }
}

fn walk<'t>(
    r4: &Definitions,
    shape: &'t mut Shape,
    target: Target,
    path: &[Placed],
    links: Option<usize>,
) -> Result<(&'t mut Shape, Target), String> {
    let Some((placed, rest)) = path.split_first() else {
        return Ok((shape, target));
    };
    let (name, item, all) = match &placed.step {
        Step::Resource { name } => return nested(r4, shape, &target, name, rest, links),
        Step::Element { name, item } => (name, *item, false),
        Step::All { name } => (name, u16::MAX, true),
    };
    let found = r4.find(&target.kind, name).map_err(|names| {
        format!(
            "{} has no element `{name}`{}",
            target.kind,
            nearest::hint(name, names)
        )
    })?;
    if (item > 0 || all) && !found.array {
        return Err(format!(
            "{}.{name} is no list: leave `[…]` out",
            target.kind
        ));
    }
    let extends = Primitive::named(&found.target).is_some() && !rest.is_empty();
    if extends && found.array {
        return Err(format!(
            "{}.{name} is a list of primitives: extensions on its items are not supported",
            target.kind
        ));
    }
    if matches!(shape, Shape::Empty) {
        *shape = Shape::Object(target.kind.clone(), Vec::new());
    }
    let Shape::Object(_, branches) = shape else {
        return Err(format!(
            "{name} lies under an element that another row gives a value"
        ));
    };
    let key = if extends {
        format!("_{name}")
    } else {
        name.clone()
    };
    let at = branches
        .iter()
        .position(|branch| branch.name == key)
        .unwrap_or_else(|| {
            branches.push(Branch {
                name: key,
                order: found.order,
                required: found.required,
                shape: Shape::Empty,
            });
            branches.len() - 1
        });
    let child = &mut branches[at].shape;
    let target = Target {
        kind: if extends {
            "Element".to_owned()
        } else {
            found.target
        },
        binding: found.binding,
    };
    if !found.array {
        return walk(r4, child, target, rest, links);
    }
    if matches!(child, Shape::Empty) {
        *child = Shape::Items(Vec::new());
    }
    let Shape::Items(items) = child else {
        return Err(format!("{name} is no list here"));
    };
    let key = (placed.application, item);
    let at = items
        .iter()
        .position(|item| item.key == key)
        .unwrap_or_else(|| {
            let links = if all { links } else { None };
            items.push(TreeItem {
                key,
                links,
                slot: None,
                repetitions: None,
                shape: Shape::Empty,
            });
            items.len() - 1
        });
    walk(r4, &mut items[at].shape, target, rest, links)
}

fn nested<'t>(
    r4: &Definitions,
    shape: &'t mut Shape,
    target: &Target,
    name: &str,
    rest: &[Placed],
    links: Option<usize>,
) -> Result<(&'t mut Shape, Target), String> {
    if target.kind != "Reference" {
        return Err(format!(
            "`({name})` opens a resource, but the element before it is {} and no Reference",
            target.kind
        ));
    }
    let Some(kind) = r4
        .type_names()
        .find(|kind| *kind == name && r4.is_resource(kind))
    else {
        let names = r4.type_names().filter(|kind| r4.is_resource(kind));
        return Err(format!(
            "`{name}` is no resource of R4{}",
            nearest::hint(name, names)
        ));
    };
    if matches!(shape, Shape::Empty) {
        *shape = Shape::Object("Reference".to_owned(), Vec::new());
    }
    let Shape::Object(_, branches) = shape else {
        return Err("a reference has another value here".to_owned());
    };
    let at = branches
        .iter()
        .position(|branch| branch.name == "reference")
        .unwrap_or_else(|| {
            branches.push(Branch {
                name: "reference".to_owned(),
                order: 2,
                required: false,
                shape: Shape::Leaf(Vec::new()),
            });
            branches.len() - 1
        });
    if matches!(branches[at].shape, Shape::Empty) {
        branches[at].shape = Shape::Leaf(Vec::new());
    }
    let Shape::Leaf(entries) = &mut branches[at].shape else {
        return Err("a reference has another value here".to_owned());
    };
    let at = entries
        .iter()
        .position(|entry| matches!(entry, Entry::Nested(other, ..) if *other == kind))
        .unwrap_or_else(|| {
            entries.push(Entry::Nested(
                kind,
                (0, 0),
                Shape::Object(kind.to_owned(), Vec::new()),
            ));
            entries.len() - 1
        });
    let Entry::Nested(_, _, inner) = &mut entries[at] else {
        return Err("a reference has another value here".to_owned());
    };
    walk(
        r4,
        inner,
        Target {
            kind: kind.to_owned(),
            binding: None,
        },
        rest,
        links,
    )
}

impl Shape {
    fn candidates<'t>(&'t mut self, visit: &mut impl FnMut(&'t mut Candidate)) {
        match self {
            Shape::Empty => {}
            Shape::Leaf(entries) => {
                for entry in entries {
                    match entry {
                        Entry::Row(candidate) => visit(candidate),
                        Entry::Nested(_, _, shape) => shape.candidates(visit),
                    }
                }
            }
            Shape::Object(_, branches) => branches
                .iter_mut()
                .for_each(|branch| branch.shape.candidates(visit)),
            Shape::Items(items) => items
                .iter_mut()
                .for_each(|item| item.shape.candidates(visit)),
        }
    }

    /// Gives each item its loops: the outermost item whose rows all come from one field repeats with it.
    fn assign(&mut self, slots: &[Slot], loops: &mut usize, open: &mut Vec<u8>) {
        match self {
            Shape::Empty => {}
            Shape::Leaf(entries) => {
                for entry in entries {
                    if let Entry::Nested(_, _, shape) = entry {
                        shape.assign(slots, loops, open);
                    }
                }
            }
            Shape::Object(_, branches) => branches
                .iter_mut()
                .for_each(|b| b.shape.assign(slots, loops, open)),
            Shape::Items(items) => items
                .iter_mut()
                .for_each(|item| item.assign(slots, loops, open)),
        }
    }

    fn node(self, r4: &Definitions) -> Node {
        match self {
            Shape::Empty => Node::Leaf(Vec::new()),
            Shape::Leaf(entries) => Node::Leaf(
                entries
                    .into_iter()
                    .map(|entry| match entry {
                        Entry::Row(candidate) => candidate,
                        Entry::Nested(kind, place, shape) => Candidate {
                            conditions: Vec::new(),
                            from: None,
                            value: Value::Nested {
                                kind,
                                root: shape.node(r4),
                            },
                            default: None,
                            allowed: None,
                            place,
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

/// Whether a node could hold more than constants.
fn hopes(node: &Node) -> bool {
    match node {
        Node::Leaf(candidates) => candidates.iter().any(Candidate::hopes),
        Node::Object { hopes, .. } => *hopes,
        Node::Items { items } => items.iter().any(|item| hopes(&item.node)),
    }
}

impl TreeItem {
    fn assign(&mut self, slots: &[Slot], loops: &mut usize, open: &mut Vec<u8>) {
        let mut sources: Vec<Source> = Vec::new();
        self.shape
            .candidates(&mut |candidate| sources.extend(candidate.from));
        let each = sources
            .iter()
            .map(|source| source.slot)
            .find(|slot| slots[usize::from(*slot)].each.is_some());
        let opened = each.filter(|slot| !open.contains(slot));
        if let Some(slot) = opened {
            self.slot = Some(slot);
            open.push(slot);
        }
        if let Some(first) = sources.first().copied()
            && first.field > 0
            && first.repetition == 0
            && sources
                .iter()
                .all(|s| (s.slot, s.field, s.repetition) == (first.slot, first.field, 0))
        {
            *loops += 1;
            let number = u8::try_from((*loops).min(usize::from(u8::MAX))).unwrap_or(u8::MAX);
            self.repetitions = Some((first.slot, first.field, number));
            self.shape
                .candidates(&mut |candidate| candidate.repeat(first.slot, first.field, number));
        }
        self.shape.assign(slots, loops, open);
        if opened.is_some() {
            open.pop();
        }
    }
}

impl Candidate {
    /// Reads the current repetition of a field from now on.
    fn repeat(&mut self, slot: u8, field: u16, number: u8) {
        let set = |source: &mut Source| {
            if (source.slot, source.field, source.repetition) == (slot, field, 0) {
                source.repetition = number;
            }
        };
        self.from.iter_mut().for_each(set);
        match &mut self.value {
            Value::Join(parts, _) => {
                for part in parts {
                    if let Part::Source(source) = part {
                        set(source);
                    }
                }
            }
            Value::Original { code, system, .. } => {
                set(code);
                system.iter_mut().for_each(set);
            }
            _ => {}
        }
        for condition in &mut self.conditions {
            repeat_condition(condition, &set);
        }
    }
}

fn repeat_condition(condition: &mut Condition<Source>, set: &impl Fn(&mut Source)) {
    match condition {
        Condition::Valued(s) | Condition::Among(s, _) | Condition::Length(s, ..) => set(s),
        // COUNT is of all repetitions, also inside the loop over them.
        Condition::Count(..) => {}
        Condition::Not(inner) => repeat_condition(inner, set),
        Condition::And(all) | Condition::Or(all) => {
            for condition in all {
                repeat_condition(condition, set);
            }
        }
    }
}
