//! Following a target path through the tree, which grows with it.

use super::shape::{Branch, Entry, Placed, Shape, Target, TreeItem};
use crate::definitions::Definitions;
use crate::maps::path::{Item, Step};
use crate::nearest;
use crate::primitive::Primitive;

pub(super) fn walk<'t>(
    r4: &Definitions,
    shape: &'t mut Shape,
    target: Target,
    path: &[Placed],
    links: Option<usize>,
) -> Result<(&'t mut Shape, Target), String> {
    let Some((placed, rest)) = path.split_first() else {
        return Ok((shape, target));
    };
    let (name, item) = match &placed.step {
        Step::Resource { name } => return nested(r4, shape, &target, name, rest, links),
        Step::Element { name, item } => (name, Some(item)),
        Step::All { name } => (name, None),
    };
    let found = r4.find(&target.kind, name).map_err(|names| {
        format!(
            "{} has no element `{name}`{}",
            target.kind,
            nearest::hint(name, names)
        )
    })?;
    if item != Some(&Item::Plain) && !found.array {
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
    let key = (placed.application, item.cloned());
    let at = items
        .iter()
        .position(|item| item.key == key)
        .unwrap_or_else(|| {
            let links = if item.is_none() { links } else { None };
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
    let Some(kind) = r4.resource(name) else {
        return Err(format!(
            "`{name}` is no resource of R4{}",
            nearest::hint(name, r4.resource_names())
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
                Shape::Object(kind.to_owned(), Vec::new()),
            ));
            entries.len() - 1
        });
    let Entry::Nested(_, inner) = &mut entries[at] else {
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
