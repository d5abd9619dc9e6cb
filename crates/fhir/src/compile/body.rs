//! What a resource is written from: its maps and links, merged into one tree and flattened.
//!
//! Most message maps make their Patient, Encounter and so on from the same maps. Such a body is compiled once; what differs,
//! the numbers of segments and of the resources that links lead to, lies outside of it.

use super::compiler::{Compiler, Scope};
use crate::maps::condition::Condition;
use crate::maps::model::{Application, FieldMap, Link, ResourceMap};
use crate::maps::path::{Item, SourcePath, Step};
use crate::plan::{Candidate, Frame, MAX_LOOPS, Node, Source, Value};
use crate::tree::{self, Placed, Row, Tree};

/// A map that a resource is made from.
pub(super) struct Applied<'m> {
    pub(super) map: &'m FieldMap,
    pub(super) application: &'m Application,
    /// Numbers the loop over its segments, if there is one.
    pub(super) each: Option<usize>,
    /// The group below the resource's own that the loop goes through.
    pub(super) within: Option<usize>,
}

#[derive(Clone)]
pub(super) struct Body {
    /// Segment and loop of the slots that it reads.
    slots: Vec<([u8; 3], Option<usize>)>,
    pub(super) root: Node,
    /// The field that the root reads, if it is one alone.
    pub(super) frame: Option<Frame>,
}

/// What a body is made from.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Ingredients<'m> {
    kind: &'static str,
    maps: Vec<Ingredient<'m>>,
    links: Vec<&'m str>,
}

#[derive(PartialEq, Eq, Hash)]
struct Ingredient<'m> {
    map: &'m str,
    each: Option<usize>,
    condition: Option<&'m Condition<SourcePath>>,
    links: Vec<&'m str>,
}

impl<'m> Ingredients<'m> {
    fn of(kind: &'static str, resource: &'m ResourceMap, applied: &[Applied<'m>]) -> Self {
        let targets = |links: &'m [Link]| links.iter().map(|link| link.to_text.as_str()).collect();
        let ingredient = |applied: &Applied<'m>| Ingredient {
            map: &applied.application.map,
            each: applied.each,
            condition: applied.application.condition.as_ref(),
            links: targets(&applied.application.links),
        };
        Ingredients {
            kind,
            maps: applied.iter().map(ingredient).collect(),
            links: targets(&resource.links),
        }
    }
}

impl<'m> Compiler<'m> {
    pub(super) fn body(
        &mut self,
        kind: &'static str,
        resource: &'m ResourceMap,
        applied: &[Applied<'m>],
    ) -> Body {
        let ingredients = Ingredients::of(kind, resource, applied);
        if let Some(body) = self.bodies.get(&ingredients).cloned() {
            for (name, each) in &body.slots {
                let loops = applied.iter().find(|applied| applied.each == *each);
                let within = each.and(loops).and_then(|applied| applied.within);
                self.slot_of(*name, *each, within);
            }
            return body;
        }
        let errors = self.errors.len();
        let body = self.merged(kind, resource, applied);
        // What is wrong is reported wherever it stands.
        if self.errors.len() == errors {
            self.bodies.insert(ingredients, body.clone());
        }
        body
    }

    fn merged(
        &mut self,
        kind: &'static str,
        resource: &'m ResourceMap,
        applied: &[Applied<'m>],
    ) -> Body {
        let mut tree = Tree::new(kind);
        let mut links = 0..;
        for applied in applied {
            let application = applied.application;
            let slot = self.slot(&applied.map.of, applied.each, applied.within);
            let base = Source::field(slot, 0);
            let id = self.application();
            let mut scope = Scope::new(&applied.map.of, base, id);
            if let Some(condition) = &application.condition
                && let Some(condition) =
                    self.condition(application.file, application.line, condition, &scope)
            {
                scope.conditions.push(condition);
            }
            self.apply(applied.map, &scope, &mut tree);
            for (link, number) in application.links.iter().zip(&mut links) {
                let candidate = Candidate {
                    conditions: scope.conditions.clone(),
                    from: applied.each.map(|_| base),
                    ..Candidate::new(
                        Value::Link {
                            link: number,
                            all: is_all(link),
                        },
                        (0, 0),
                    )
                };
                self.link(link, id, candidate, &mut tree);
            }
        }
        for (link, number) in resource.links.iter().zip(&mut links) {
            let candidate = Candidate::new(
                Value::Link {
                    link: number,
                    all: is_all(link),
                },
                (0, 0),
            );
            let id = self.application();
            self.link(link, id, candidate, &mut tree);
        }
        let (root, frame, loops) = tree.finish(self.r4, &self.slots, &mut self.pool);
        if loops > MAX_LOOPS {
            self.error(
                resource.file,
                resource.line,
                format!("more than {MAX_LOOPS} loops in one resource"),
            );
        }
        let segments = &self.segments;
        let slots = self.slots.iter();
        let slots = slots.map(|slot| (segments[usize::from(slot.segment)], slot.each));
        Body {
            slots: slots.collect(),
            root,
            frame,
        }
    }

    /// Adds a link; those of a map stand beside its rows, and lead to what stands at the segment that a loop has reached.
    fn link(&mut self, link: &Link, application: usize, candidate: Candidate, tree: &mut Tree) {
        let mut path = tree::Application::place(&link.to, application);
        let ends_in_reference =
            matches!(link.to.last(), Some(Step::Element { name, .. }) if name == "reference");
        if !ends_in_reference {
            path.push(Placed {
                step: Step::Element {
                    name: "reference".to_owned(),
                    item: Item::Plain,
                },
                application,
            });
        }
        let links = match candidate.value {
            Value::Link { link, all: true } => Some(link),
            _ => None,
        };
        let row = Row {
            candidate,
            over: None,
        };
        if let Err(message) = tree.insert(self.r4, &path, links, |_| Ok(row)) {
            self.error(
                link.file,
                link.line,
                format!("`{}`: {message}", link.to_text),
            );
        }
    }
}

/// Whether a link leads to all instances of its resource.
fn is_all(link: &Link) -> bool {
    link.to.iter().any(|step| matches!(step, Step::All { .. }))
}
