//! Writing elements: objects and their members. What comes to nothing is cut off again.

use super::run::Run;
use super::trace::Trace;
use crate::plan::{Child, Gate, Guard, Node, Object, Passage, Span};

/// What was written, from least to most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Written {
    Nothing,
    /// Only what the map says.
    Constant,
    /// References to other resources of the message, besides.
    Linked,
    /// Something of the message.
    Content,
}

impl Written {
    pub(super) fn content_if(written: bool) -> Written {
        if written {
            Written::Content
        } else {
            Written::Nothing
        }
    }
}

impl<'r, T: Trace> Run<'r, '_, T> {
    /// Writes the members of a resource, each with a comma before it.
    pub(super) fn root(&mut self, root: Node, buffer: &mut Vec<u8>) -> Written {
        match root {
            Node::Object(object) => self.members(object, buffer),
            _ => Written::Nothing,
        }
    }

    /// Writes the members of an object, each with a comma before it.
    #[inline(never)]
    fn members(&mut self, object: Object, buffer: &mut Vec<u8>) -> Written {
        if object.lacks {
            return Written::Nothing;
        }
        if let Some(original) = object.original
            && self.is_superseded(original)
        {
            return Written::Nothing;
        }
        let parts = self.parts;
        let (start, pending, entries) = (
            buffer.len(),
            self.work.pending.len(),
            self.work.pending_entries.len(),
        );
        let mut all = Written::Nothing;
        // The elements that were written last, and that have a value beside extensions.
        let (mut written_last, mut valued_last) = (0, 0);
        for child in object.children.of(&parts.children) {
            // Of a choice the first type is written that has a value.
            let is_settled = child.counts && valued_last == child.element && !child.beside;
            if !is_settled && self.opens(&child.gate) {
                let written = self.member(child, buffer);
                all = all.max(written);
                if child.counts && written != Written::Nothing {
                    written_last = child.element;
                    if !child.beside {
                        valued_last = child.element;
                    }
                }
            }
            if child.required && written_last != child.element {
                all = Written::Nothing;
                break;
            }
        }
        if all > Written::Constant || (all == Written::Constant && !object.hopes) {
            return all;
        }
        buffer.truncate(start);
        self.work.pending.truncate(pending);
        self.work.pending_entries.truncate(entries);
        self.trace.cut(start);
        self.trace.unparked(entries);
        Written::Nothing
    }

    /// Writes a member, whose gate is open.
    #[inline]
    fn member(&mut self, child: &'r Child, buffer: &mut Vec<u8>) -> Written {
        let parts = self.parts;
        let start = buffer.len();
        if let Node::Stated {
            json,
            from: None,
            candidate,
        } = child.node
            && child.gate.passage.is_none()
        {
            let both = Span {
                first: child.key.first,
                count: child.key.count + json.count,
            };
            parts.append(both, buffer);
            let value = start + child.key.count as usize;
            self.wrote_plainly(candidate, value..buffer.len());
            return Written::Constant;
        }
        parts.append(child.key, buffer);
        let written = self.behind(&child.gate, child.node, buffer);
        if written == Written::Nothing {
            buffer.truncate(start);
        }
        written
    }

    /// Whether a part of the plan has anything to say.
    #[expect(
        clippy::inline_always,
        reason = "most of what maps can carry is not in a message: to know that must cost next to nothing"
    )]
    #[inline(always)]
    pub(super) fn opens(&mut self, gate: &Gate) -> bool {
        let guarded = match gate.guard {
            Guard::One(need) => self.places.has(need),
            Guard::Any(needs) => self.has_any(needs),
        };
        guarded
            && match &gate.passage {
                None => true,
                Some(passage) => self.hold(&passage.conditions),
            }
    }

    #[inline(never)]
    fn has_any(&self, needs: Span) -> bool {
        let mut needs = needs.of(&self.parts.needs).iter();
        needs.any(|need| self.places.has(*need))
    }

    /// Writes what lies behind a gate that is open.
    #[expect(
        clippy::inline_always,
        reason = "a call a member costs as much as a member"
    )]
    #[inline(always)]
    pub(super) fn behind(&mut self, gate: &'r Gate, node: Node, buffer: &mut Vec<u8>) -> Written {
        match &gate.passage {
            Some(passage) if T::LISTENS || passage.frame.is_some() => {
                self.entered(passage, node, buffer)
            }
            _ => self.node(node, buffer),
        }
    }

    #[inline(never)]
    fn entered(&mut self, passage: &Passage, node: Node, buffer: &mut Vec<u8>) -> Written {
        let Passage { conditions, frame } = passage;
        if !conditions.is_empty() {
            self.trace
                .asked(conditions, &self.places, &self.work.groups);
        }
        let around = frame.map(|frame| self.places.enter(frame));
        let written = self.node(node, buffer);
        if let Some(around) = around {
            self.places.put_back(around);
        }
        if !conditions.is_empty() {
            self.trace.answered();
        }
        written
    }

    #[expect(
        clippy::inline_always,
        reason = "a call a member costs as much as a member"
    )]
    #[inline(always)]
    fn node(&mut self, node: Node, buffer: &mut Vec<u8>) -> Written {
        match node {
            Node::Leaf(candidates) => self.leaf(candidates, buffer),
            Node::Taken {
                from,
                kind,
                candidate,
            } => self.taken(from, kind, candidate, buffer),
            Node::Stated {
                json,
                from,
                candidate,
            } => self.stated(json, from, candidate, buffer),
            Node::Coding(rows) => self.coding(rows, buffer),
            Node::Object(object) => self.object(object, buffer),
            Node::Items(items) => self.items(items, buffer),
        }
    }

    fn object(&mut self, object: Object, buffer: &mut Vec<u8>) -> Written {
        let start = buffer.len();
        let written = self.members(object, buffer);
        bracket(buffer, start, b'{', b'}');
        written
    }

    #[inline(never)]
    fn items(&mut self, items: Span, buffer: &mut Vec<u8>) -> Written {
        let parts = self.parts;
        let start = buffer.len();
        let mut written = Written::Nothing;
        for item in items.of(&parts.items) {
            written = written.max(self.looped(item, buffer));
        }
        bracket(buffer, start, b'[', b']');
        written
    }
}

/// Makes the comma before the first of several values the bracket that opens them.
fn bracket(buffer: &mut Vec<u8>, start: usize, open: u8, close: u8) {
    if let Some(comma) = buffer.get_mut(start) {
        *comma = open;
        buffer.push(close);
    }
}
