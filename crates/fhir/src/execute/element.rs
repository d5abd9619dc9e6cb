//! Writing elements: objects and their members. What comes to nothing is cut off again.

use super::run::Run;
use super::trace::Trace;
use crate::plan::{Child, Node};

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
    pub(super) fn members(&mut self, node: &'r Node, buffer: &mut Vec<u8>, comma: bool) -> Written {
        let Node::Object {
            children,
            hopes,
            lacks,
        } = node
        else {
            return Written::Nothing;
        };
        let (start, pending, entries) = (
            buffer.len(),
            self.work.pending.len(),
            self.work.pending_entries.len(),
        );
        let mut all = if *lacks { None } else { Some(Written::Nothing) };
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
            let beside = child.key.starts_with(b"\"_");
            if (value_written && !beside) || !self.places.may_say(&child.guard) {
                continue;
            }
            let start = buffer.len();
            if !*first {
                buffer.push(b',');
            }
            buffer.extend_from_slice(&child.key);
            let written = self.node(&child.node, buffer);
            if written == Written::Nothing {
                buffer.truncate(start);
                continue;
            }
            *first = false;
            value_written |= !beside;
            result = result.max(written);
        }
        result
    }

    pub(super) fn node(&mut self, node: &'r Node, buffer: &mut Vec<u8>) -> Written {
        match node {
            Node::Leaf(candidates) => self.leaf(candidates, buffer),
            Node::Object { .. } => {
                buffer.push(b'{');
                let written = self.members(node, buffer, false);
                buffer.push(b'}');
                written
            }
            Node::Items { items } => {
                buffer.push(b'[');
                let mut result = Written::Nothing;
                for item in items {
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
