//! Values that rows take over: converted to a primitive, or joined.

use super::element::Written;
use super::run::Run;
use super::trace::Trace;
use crate::json;
use crate::plan::{Candidate, Part, Source, Value};
use crate::primitive::{self, Primitive, is_token};

impl<T: Trace> Run<'_, '_, T> {
    pub(super) fn primitive(
        &mut self,
        from: Source,
        kind: Primitive,
        buffer: &mut Vec<u8>,
    ) -> Written {
        // A code is one token: of `36643-5&GDT` the first subcomponent (suffixes of HL7 v2.2, 7.1.2).
        let from = if kind == Primitive::Code && from.component > 0 && from.subcomponent == 0 {
            Source {
                subcomponent: 1,
                ..from
            }
        } else {
            from
        };
        if let Some(plain) = self.places.plain_at(from)
            && (kind == Primitive::Text || (kind == Primitive::Code && is_token(plain.raw)))
        {
            buffer.push(b'"');
            json::append(plain.behind, plain.raw.len(), buffer);
            buffer.push(b'"');
            return Written::Content;
        }
        self.converted(from, kind, buffer)
    }

    #[inline(never)]
    fn converted(&mut self, from: Source, kind: Primitive, buffer: &mut Vec<u8>) -> Written {
        let Some(piece) = self.places.piece(from) else {
            return Written::Nothing;
        };
        let Some(text) = self.places.text_of(piece, &mut self.work.scratch) else {
            return Written::Nothing;
        };
        match kind.write(text, piece.plain, self.offset, buffer) {
            Ok(()) => Written::Content,
            Err(reason) => {
                self.issue(Some(from), reason);
                Written::Nothing
            }
        }
    }

    /// Whether a value is made of all segments of a slot, each of which its conditions are asked of.
    pub(super) fn is_over_segments(&self, candidate: &Candidate) -> bool {
        let slot = candidate.from.map_or(0, |from| usize::from(from.slot));
        matches!(candidate.value, Value::Lines(_))
            && self.slots[slot].each.is_some()
            && self.looping & (1 << slot) == 0
    }

    /// All repetitions of a field, one a line; outside of a loop over segments those of all its segments.
    #[inline(never)]
    pub(super) fn lines(
        &mut self,
        candidate: &Candidate,
        from: Source,
        kind: Primitive,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let slot = usize::from(from.slot);
        let all = self.is_over_segments(candidate);
        let before = self.places.segment(from.slot);
        let mut text = std::mem::take(&mut self.work.other);
        text.clear();
        let (mut lines, mut valued) = (0_u16, 0);
        let mut current = before;
        while let Some(ordinal) = current {
            self.places.point(slot, current);
            let wanted = !all || self.hold(&candidate.conditions);
            let mut repetitions = self.places.repetitions(from.slot, from.field);
            if !wanted {
                repetitions = 0..0;
            }
            let mut number = 0_u16;
            for place in repetitions {
                let mut piece = Some(self.places.split.repetition(place).whole);
                if from.component > 0 {
                    piece = piece.and_then(|piece| self.places.part(piece, from.component));
                }
                if from.subcomponent > 0 {
                    piece = piece.and_then(|piece| self.places.subpart(piece, from.subcomponent));
                }
                let line = piece.and_then(|p| self.places.text_of(p, &mut self.work.scratch));
                if lines > 0 {
                    text.push('\n');
                }
                lines = lines.saturating_add(1);
                number = number.saturating_add(1);
                if let Some(line) = line {
                    text.push_str(line);
                    valued = text.len();
                    self.trace
                        .line(from, number, &self.places, &self.work.groups);
                }
            }
            current = all.then(|| self.following(slot, ordinal)).flatten();
        }
        self.places.point(slot, before);
        text.truncate(valued);
        let written = !text.is_empty()
            && if kind == Primitive::Base64 {
                primitive::encode(text.as_bytes(), buffer);
                true
            } else {
                kind.write(&text, false, self.offset, buffer).is_ok()
            };
        self.work.other = text;
        Written::content_if(written)
    }

    #[inline(never)]
    pub(super) fn join(
        &mut self,
        parts: &[Part],
        kind: Primitive,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let mut text = std::mem::take(&mut self.work.other);
        text.clear();
        let (mut literal, mut any) = ("", false);
        for part in parts {
            match part {
                Part::Literal(next) => literal = next,
                Part::Source(source) => {
                    if let Some(value) = self.places.text(*source, &mut self.work.scratch) {
                        if any
                            || parts
                                .first()
                                .is_some_and(|p| matches!(p, Part::Literal(l) if l == literal))
                        {
                            text.push_str(literal);
                        }
                        text.push_str(value);
                        any = true;
                    }
                    literal = "";
                }
            }
        }
        if any {
            text.push_str(literal);
        }
        let written = any && kind.write(&text, false, self.offset, buffer).is_ok();
        self.work.other = text;
        Written::content_if(written)
    }
}
