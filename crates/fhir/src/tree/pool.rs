//! Lists in which parts that are the same are kept once.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash};

use foldhash::fast::FixedState;

use crate::json::BLOCK_BYTES;
use crate::plan::{Candidate, Child, Item, Need, Parts, Span};

/// The parts of all plans, while they are compiled.
#[derive(Default)]
pub(crate) struct Pool {
    pub(super) text: List<u8>,
    pub(super) children: List<Child>,
    pub(super) items: List<Item>,
    pub(super) candidates: List<Candidate>,
    pub(super) needs: List<Need>,
}

impl Pool {
    pub(crate) fn finish(self) -> Parts {
        let mut text = self.text.all;
        text.extend([0; BLOCK_BYTES]);
        Parts {
            text,
            children: self.children.all,
            items: self.items.all,
            candidates: self.candidates.all,
            needs: self.needs.all,
        }
    }
}

pub(super) struct List<T> {
    all: Vec<T>,
    /// What is in the list, by its hash.
    known: HashMap<u64, Vec<Span>, FixedState>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        List {
            all: Vec::new(),
            known: HashMap::default(),
        }
    }
}

impl<T: Eq + Hash> List<T> {
    pub(super) fn all(&self) -> &[T] {
        &self.all
    }

    /// Keeps parts that stand side by side; answers where they are.
    pub(super) fn keep(&mut self, parts: Vec<T>) -> Span {
        let spans = self.known.entry(FixedState::default().hash_one(&parts));
        let spans = spans.or_default();
        if let Some(known) = spans.iter().find(|span| *span.of(&self.all) == parts[..]) {
            return *known;
        }
        let narrow = |n| u32::try_from(n).unwrap_or(u32::MAX);
        let span = Span {
            first: narrow(self.all.len()),
            count: narrow(parts.len()),
        };
        self.all.extend(parts);
        spans.push(span);
        span
    }
}
