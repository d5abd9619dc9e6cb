//! Telling what could not be mapped.

use super::run::Run;
use super::trace::Trace;
use crate::issue::{Issue, IssueReason};
use crate::plan::Source;

/// Issues kept of one message.
const MAX_ISSUES: usize = 256;

impl<T: Trace> Run<'_, '_, T> {
    pub(super) fn issue(&mut self, source: Option<Source>, reason: IssueReason) {
        let Some(source) = source else { return };
        let source = self.places.absolute(source);
        let Some(ordinal) = self.places.segment(source.slot) else {
            return;
        };
        if self.out.issues.len() >= MAX_ISSUES {
            return;
        }
        let Some(segment) = self.places.message.segment_at(ordinal) else {
            return;
        };
        let repetition = self.places.repetition(source);
        let occurrence = self.work.groups.occurrence(ordinal).unwrap_or(1);
        let issue = Issue {
            segment: name_of(segment.name()),
            occurrence: u16::try_from(occurrence).unwrap_or(u16::MAX),
            field: source.field,
            repetition,
            component: source.component,
            reason,
        };
        if !self.out.issues.contains(&issue) {
            self.out.issues.push(issue);
        }
    }
}

pub(super) fn name_of(name: &str) -> [u8; 3] {
    let bytes = name.as_bytes();
    [bytes.first(), bytes.get(1), bytes.get(2)].map(|b| b.copied().unwrap_or(b'?'))
}
