//! Writing a primitive: the first row that holds and gives a value.

use std::ops::Range;

use super::element::Written;
use super::run::Run;
use super::trace::{Trace, Wrote};
use crate::issue::IssueReason;
use crate::maps::condition::Condition;
use crate::plan::{Candidate, Source, Value};

impl<'r, T: Trace> Run<'r, '_, T> {
    pub(super) fn leaf(&mut self, candidates: &'r [Candidate], buffer: &mut Vec<u8>) -> Written {
        let mut scratch = std::mem::take(&mut self.work.scratch);
        let mut result = Written::Nothing;
        let around = self.places.entered;
        for candidate in candidates {
            self.places.entered = around;
            if let Some(frame) = candidate.frame {
                self.places.enter(frame);
            }
            if !self.is_over_segments(candidate) && !self.holds(candidate, &mut scratch) {
                continue;
            }
            let start = buffer.len();
            result = self.candidate(candidate, buffer, &mut scratch);
            if result != Written::Nothing {
                if self.is_allowed(candidate, &buffer[start..]) {
                    let range = start..buffer.len();
                    self.wrote(candidate, Wrote::Value, range);
                    // A constant that stands for a value of the message says as much as the value.
                    if result == Written::Constant
                        && candidate.from.is_some()
                        && candidates.iter().any(Candidate::hopes)
                    {
                        result = Written::Content;
                    }
                    break;
                }
                result = Written::Nothing;
            }
            buffer.truncate(start);
            if let Some(default) = &candidate.default
                && candidate
                    .from
                    .is_none_or(|from| self.places.is_valued(from))
            {
                buffer.extend_from_slice(default);
                self.wrote(candidate, Wrote::Default, start..buffer.len());
                result = if candidate.from.is_some() {
                    Written::Content
                } else {
                    Written::Constant
                };
                break;
            }
        }
        self.places.entered = around;
        self.work.scratch = scratch;
        result
    }

    fn wrote(&mut self, candidate: &Candidate, how: Wrote, range: Range<usize>) {
        self.trace
            .wrote(candidate, how, range, &self.places, &self.work.groups);
    }

    pub(super) fn holds(&self, candidate: &Candidate, scratch: &mut String) -> bool {
        let mut conditions = candidate.conditions.iter();
        conditions.all(|condition| self.places.holds(condition, scratch))
    }

    /// Whether conditions hold that a part of the plan stands behind.
    pub(super) fn hold(&mut self, conditions: &[Condition<Source>]) -> bool {
        if conditions.is_empty() {
            return true;
        }
        let mut scratch = std::mem::take(&mut self.work.scratch);
        let places = &self.places;
        let hold = conditions.iter().all(|c| places.holds(c, &mut scratch));
        self.work.scratch = scratch;
        hold
    }

    fn is_allowed(&mut self, candidate: &Candidate, json: &[u8]) -> bool {
        let Some(allowed) = &candidate.allowed else {
            return true;
        };
        let code = std::str::from_utf8(json)
            .unwrap_or_default()
            .trim_matches('"');
        let known = allowed.binary_search(&code).is_ok();
        if !known {
            self.issue(candidate.from, IssueReason::UnmappedCode);
        }
        known
    }

    /// Writes what one row gives. What it leaves in the buffer when that comes to nothing is cut off by the caller.
    fn candidate(
        &mut self,
        candidate: &'r Candidate,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        match (&candidate.value, candidate.from) {
            (Value::Constant(json), from) => {
                if from.is_some_and(|from| !self.places.is_valued(from)) {
                    return Written::Nothing;
                }
                buffer.extend_from_slice(json);
                Written::Constant
            }
            (Value::Nested { kind, root }, _) => {
                self.work.scratch = std::mem::take(scratch);
                let written = self.nested(kind, *root, buffer);
                *scratch = std::mem::take(&mut self.work.scratch);
                written
            }
            (Value::Link { resource, all }, from) => self.link(*resource, from, *all, buffer),
            (Value::Join(parts, kind), _) => self.join(parts, *kind, buffer, scratch),
            (Value::Never, _) | (_, None) => Written::Nothing,
            (Value::Primitive(kind), Some(from)) => self.primitive(from, *kind, buffer, scratch),
            (Value::Lines(kind), Some(from)) => self.lines(candidate, from, *kind, buffer, scratch),
            (Value::Authority, Some(from)) => self.authority_uri(from, buffer, scratch),
            (Value::System, Some(from)) => self.system_uri(from, buffer, scratch),
            (Value::Mapped(table, part, kind, system), Some(from)) => {
                let coded = self.coded(*table, from, *system, scratch);
                if coded.is_of_another {
                    return Written::Nothing;
                }
                self.mapped(from, coded, *part, *kind, buffer)
            }
            (
                Value::Original {
                    primitive,
                    table,
                    code,
                    system,
                    is_system,
                },
                Some(from),
            ) => {
                let coded = self.coded(*table, *code, *system, scratch);
                if !coded.keeps {
                    Written::Nothing
                } else if *is_system {
                    let start = buffer.len();
                    let written = self.system_uri(from, buffer, scratch);
                    if self.is_foreign(*table, coded, &buffer[start..]) {
                        return Written::Nothing;
                    }
                    written
                } else {
                    self.primitive(from, *primitive, buffer, scratch)
                }
            }
        }
    }
}
