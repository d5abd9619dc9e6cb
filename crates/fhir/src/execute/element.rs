//! Writing elements: objects and their members. What comes to nothing is cut off again.

use super::run::Run;
use super::trace::Trace;
use crate::plan::{Child, Gate, Node};

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
    /// Writes the members of an object; `comma`: others stand before them.
    pub(super) fn members(&mut self, node: Node, buffer: &mut Vec<u8>, comma: bool) -> Written {
        let Node::Object {
            children,
            hopes,
            lacks,
        } = node
        else {
            return Written::Nothing;
        };
        let children = children.of(&self.parts.children);
        let (start, pending, entries) = (
            buffer.len(),
            self.work.pending.len(),
            self.work.pending_entries.len(),
        );
        let mut all = if lacks { None } else { Some(Written::Nothing) };
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
            Some(enough @ (Written::Linked | Written::Content)) => return enough,
            Some(Written::Constant) if !hopes => return Written::Constant,
            _ => {}
        }
        buffer.truncate(start);
        self.work.pending.truncate(pending);
        self.work.pending_entries.truncate(entries);
        self.trace.cut(start);
        self.trace.unparked(entries);
        Written::Nothing
    }

    /// Writes one element: of a choice the first type that has a value, and a primitive's extensions beside it.
    fn member(&mut self, group: &'r [Child], buffer: &mut Vec<u8>, first: &mut bool) -> Written {
        let mut result = Written::Nothing;
        let mut value_written = false;
        for child in group {
            if (value_written && !child.beside) || !self.opens(&child.gate) {
                continue;
            }
            let start = buffer.len();
            let key = child.key.of(&self.parts.names);
            buffer.extend_from_slice(&key[usize::from(*first)..]);
            let written = self.behind(&child.gate, child.node, buffer);
            if written == Written::Nothing {
                buffer.truncate(start);
                continue;
            }
            *first = false;
            value_written |= !child.beside;
            result = result.max(written);
        }
        result
    }

    /// Whether a part of the plan has anything to say.
    pub(super) fn opens(&mut self, gate: &Gate) -> bool {
        self.places.may_say(&gate.guard) && self.hold(&gate.conditions)
    }

    /// Writes what lies behind a gate that is open.
    pub(super) fn behind(&mut self, gate: &'r Gate, node: Node, buffer: &mut Vec<u8>) -> Written {
        let around = self.places.entered;
        if !gate.conditions.is_empty() {
            self.trace
                .asked(&gate.conditions, &self.places, &self.work.groups);
        }
        if let Some(frame) = gate.frame {
            self.places.enter(frame);
        }
        let written = self.node(node, buffer);
        self.places.entered = around;
        if !gate.conditions.is_empty() {
            self.trace.answered();
        }
        written
    }

    pub(super) fn node(&mut self, node: Node, buffer: &mut Vec<u8>) -> Written {
        match node {
            Node::Leaf(candidates) => self.leaf(candidates.of(&self.parts.candidates), buffer),
            Node::Object { .. } => {
                buffer.push(b'{');
                let written = self.members(node, buffer, false);
                buffer.push(b'}');
                written
            }
            Node::Items(items) => {
                buffer.push(b'[');
                let mut result = Written::Nothing;
                for item in items.of(&self.parts.items) {
                    result = result.max(self.segments_of(item, buffer));
                }
                if buffer.last() == Some(&b',') {
                    buffer.pop();
                }
                buffer.push(b']');
                result
            }
        }
    }
}
