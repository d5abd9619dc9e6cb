//! Writing elements: objects and their members. What comes to nothing is cut off again.

use super::run::Run;
use super::trace::Trace;
use crate::plan::{Gate, Node};

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
    /// Writes the members of an object, each with a comma before it.
    pub(super) fn members(&mut self, node: Node, buffer: &mut Vec<u8>) -> Written {
        let Node::Object {
            children,
            hopes,
            lacks,
        } = node
        else {
            return Written::Nothing;
        };
        if lacks {
            return Written::Nothing;
        }
        let (start, pending, entries) = (
            buffer.len(),
            self.work.pending.len(),
            self.work.pending_entries.len(),
        );
        let mut all = Written::Nothing;
        // Of the element whose types and extensions are written.
        let (mut element, mut has_value) = (Written::Nothing, false);
        for child in children.of(&self.parts.children) {
            if child.begins {
                (element, has_value) = (Written::Nothing, false);
            }
            // Of a choice the first type is written that has a value.
            if (!has_value || child.beside) && self.opens(&child.gate) {
                let before = buffer.len();
                buffer.extend_from_slice(child.key.of(&self.parts.text));
                let written = self.behind(&child.gate, child.node, buffer);
                if written == Written::Nothing {
                    buffer.truncate(before);
                } else {
                    has_value |= !child.beside;
                    element = element.max(written);
                }
            }
            if child.required && element == Written::Nothing {
                all = Written::Nothing;
                break;
            }
            all = all.max(element);
        }
        if all > Written::Constant || (all == Written::Constant && !hopes) {
            return all;
        }
        buffer.truncate(start);
        self.work.pending.truncate(pending);
        self.work.pending_entries.truncate(entries);
        self.trace.cut(start);
        self.trace.unparked(entries);
        Written::Nothing
    }

    /// Whether a part of the plan has anything to say.
    #[inline]
    pub(super) fn opens(&mut self, gate: &Gate) -> bool {
        self.places.may_say(&gate.guard)
            && (gate.conditions.is_empty() || self.hold(&gate.conditions))
    }

    /// Writes what lies behind a gate that is open.
    #[inline]
    pub(super) fn behind(&mut self, gate: &'r Gate, node: Node, buffer: &mut Vec<u8>) -> Written {
        if gate.frame.is_none() && gate.conditions.is_empty() {
            return self.node(node, buffer);
        }
        self.entered(gate, node, buffer)
    }

    fn entered(&mut self, gate: &'r Gate, node: Node, buffer: &mut Vec<u8>) -> Written {
        if !gate.conditions.is_empty() {
            self.trace
                .asked(&gate.conditions, &self.places, &self.work.groups);
        }
        let around = gate.frame.map(|frame| self.places.enter(frame));
        let written = self.node(node, buffer);
        if let Some(around) = around {
            self.places.put_back(around);
        }
        if !gate.conditions.is_empty() {
            self.trace.answered();
        }
        written
    }

    pub(super) fn node(&mut self, node: Node, buffer: &mut Vec<u8>) -> Written {
        match node {
            Node::Leaf(candidates) => self.leaf(candidates.of(&self.parts.candidates), buffer),
            Node::Taken {
                from,
                kind,
                candidate,
            } => self.taken(from, kind, candidate, buffer),
            Node::Stated { json, candidate } => self.stated(json, candidate, buffer),
            Node::Object { .. } => {
                let start = buffer.len();
                let written = self.members(node, buffer);
                bracket(buffer, start, b'{', b'}');
                written
            }
            Node::Items(items) => {
                let start = buffer.len();
                let mut written = Written::Nothing;
                for item in items.of(&self.parts.items) {
                    written = written.max(self.looped(item, buffer));
                }
                bracket(buffer, start, b'[', b']');
                written
            }
        }
    }
}

/// Makes the comma before the first of several values the bracket that opens them.
fn bracket(buffer: &mut Vec<u8>, start: usize, open: u8, close: u8) {
    if let Some(comma) = buffer.get_mut(start) {
        *comma = open;
        buffer.push(close);
    }
}
