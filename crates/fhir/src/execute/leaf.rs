//! Writing a primitive: the first row that holds and gives a value.

use std::ops::Range;

use super::element::Written;
use super::run::Run;
use super::trace::{Trace, Wrote};
use crate::issue::IssueReason;
use crate::maps::condition::Condition;
use crate::plan::{Candidate, Source, Span, Value};
use crate::primitive::Primitive;

impl<'r, T: Trace> Run<'r, '_, T> {
    #[inline(never)]
    pub(super) fn leaf(&mut self, candidates: Span, buffer: &mut Vec<u8>) -> Written {
        let parts = self.parts;
        let candidates = candidates.of(&parts.candidates);
        for candidate in candidates {
            let around = candidate.frame.map(|frame| self.places.enter(frame));
            let written = self.row(candidate, buffer);
            if let Some(around) = around {
                self.places.put_back(around);
            }
            // A constant that stands for a value of the message says as much as the value.
            if written == Written::Constant
                && candidate.from.is_some()
                && candidates.iter().any(Candidate::hopes)
            {
                return Written::Content;
            }
            if written != Written::Nothing {
                return written;
            }
        }
        Written::Nothing
    }

    /// Writes what a row takes over.
    pub(super) fn taken(
        &mut self,
        from: Source,
        kind: Primitive,
        candidate: u32,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let start = buffer.len();
        let written = self.primitive(from, kind, buffer);
        if written != Written::Nothing {
            self.wrote_plainly(candidate, start..buffer.len());
        }
        written
    }

    /// Writes what a row states itself.
    pub(super) fn stated(
        &mut self,
        json: Span,
        from: Option<Source>,
        candidate: u32,
        buffer: &mut Vec<u8>,
    ) -> Written {
        if from.is_some_and(|from| !self.places.is_valued(from)) {
            return Written::Nothing;
        }
        let start = buffer.len();
        self.parts.append(json, buffer);
        self.wrote_plainly(candidate, start..buffer.len());
        Written::Constant
    }

    pub(super) fn wrote_plainly(&mut self, candidate: u32, range: Range<usize>) {
        let parts = self.parts;
        if let Some(candidate) = parts.candidates.get(candidate as usize) {
            self.wrote(candidate, Wrote::Value, range);
        }
    }

    /// Writes what one row gives, or its default.
    #[inline]
    fn row(&mut self, candidate: &'r Candidate, buffer: &mut Vec<u8>) -> Written {
        if self.lacks_source(candidate) {
            return Written::Nothing;
        }
        if !self.hold(&candidate.conditions) && !self.is_over_segments(candidate) {
            return Written::Nothing;
        }
        let start = buffer.len();
        let written = self.value(candidate, buffer);
        if written != Written::Nothing && self.is_allowed(candidate, &buffer[start..]) {
            self.wrote(candidate, Wrote::Value, start..buffer.len());
            return written;
        }
        buffer.truncate(start);
        if let Some(default) = &candidate.default
            && candidate
                .from
                .is_none_or(|from| self.places.is_valued(from))
        {
            buffer.extend_from_slice(default);
            self.wrote(candidate, Wrote::Default, start..buffer.len());
            return match candidate.from {
                Some(_) => Written::Content,
                None => Written::Constant,
            };
        }
        Written::Nothing
    }

    /// Whether what a row takes is surely not there: most rows of a value that can be sent in several ways are such.
    #[inline]
    fn lacks_source(&self, candidate: &Candidate) -> bool {
        match (&candidate.value, candidate.from) {
            (Value::Join(..) | Value::Lines(_) | Value::Link { .. }, _) | (_, None) => false,
            (_, Some(from)) => !self.places.may_have(from),
        }
    }

    pub(super) fn wrote(&mut self, candidate: &Candidate, how: Wrote, range: Range<usize>) {
        let row = match candidate.value {
            Value::Link { link, .. } => self.links.get(link).map(|link| link.place),
            _ => None,
        };
        let row = row.unwrap_or(candidate.place);
        self.trace
            .wrote(candidate, row, how, range, &self.places, &self.work.groups);
    }

    #[inline]
    pub(super) fn hold(&mut self, conditions: &[Condition<Source>]) -> bool {
        conditions.is_empty() || self.all_hold(conditions)
    }

    #[inline(never)]
    fn all_hold(&mut self, conditions: &[Condition<Source>]) -> bool {
        let mut conditions = conditions.iter();
        conditions.all(|condition| self.places.holds(condition, &mut self.work.scratch))
    }

    #[inline]
    fn is_allowed(&mut self, candidate: &Candidate, json: &[u8]) -> bool {
        let Some(allowed) = &candidate.allowed else {
            return true;
        };
        self.is_among(candidate.from, allowed, json)
    }

    #[inline(never)]
    fn is_among(&mut self, from: Option<Source>, allowed: &[&str], json: &[u8]) -> bool {
        let code = json.strip_prefix(b"\"").unwrap_or(json);
        let code = code.strip_suffix(b"\"").unwrap_or(code);
        let known = allowed.binary_search_by(|known| known.as_bytes().cmp(code));
        let known = known.is_ok();
        if !known {
            self.issue(from, IssueReason::UnmappedCode);
        }
        known
    }

    /// Writes what one row gives. What it leaves in the buffer when that comes to nothing is cut off by the caller.
    #[inline]
    fn value(&mut self, candidate: &'r Candidate, buffer: &mut Vec<u8>) -> Written {
        match (&candidate.value, candidate.from) {
            (Value::Constant(json), from) => {
                if from.is_some_and(|from| !self.places.is_valued(from)) {
                    return Written::Nothing;
                }
                buffer.extend_from_slice(json);
                Written::Constant
            }
            (Value::Nested { kind, root }, _) => self.nested(kind, *root, buffer),
            (Value::Link { link, all }, from) => self.link(*link, from, *all, buffer),
            (Value::Join(parts, kind), _) => self.join(parts, *kind, buffer),
            (Value::Never, _) | (_, None) => Written::Nothing,
            (Value::Primitive(kind), Some(from)) => self.primitive(from, *kind, buffer),
            (Value::Lines(kind), Some(from)) => self.lines(candidate, from, *kind, buffer),
            (Value::Authority, Some(from)) => self.authority_uri(from, buffer),
            (Value::System, Some(from)) => self.system_uri(from, buffer),
            (Value::Mapped(table, part, kind, system), Some(from)) => {
                self.mapped(from, *table, *part, *kind, *system, buffer)
            }
            (
                Value::Original {
                    primitive,
                    of,
                    is_system,
                },
                Some(from),
            ) => {
                let coded = self.coded(*of);
                if !coded.keeps {
                    Written::Nothing
                } else if *is_system {
                    self.original_system(from, of.table, coded, buffer)
                } else {
                    self.primitive(from, *primitive, buffer)
                }
            }
        }
    }
}
