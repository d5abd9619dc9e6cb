//! Values that rows take over: converted to a primitive, or joined.

use super::element::Written;
use super::run::Run;
use super::trace::Trace;
use crate::plan::{Part, Source};
use crate::primitive::Primitive;

impl<T: Trace> Run<'_, '_, T> {
    pub(super) fn primitive(
        &mut self,
        from: Source,
        kind: Primitive,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let Some(text) = self.places.text(from, scratch) else {
            return Written::Nothing;
        };
        let start = buffer.len();
        match kind.write(text, self.offset, buffer) {
            Ok(()) => Written::Content,
            Err(reason) => {
                buffer.truncate(start);
                self.issue(Some(from), reason);
                Written::Nothing
            }
        }
    }

    pub(super) fn join(
        &mut self,
        parts: &[Part],
        kind: Primitive,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let mut text = std::mem::take(&mut self.work.other);
        text.clear();
        let (mut literal, mut any) = ("", false);
        for part in parts {
            match part {
                Part::Literal(next) => literal = next,
                Part::Source(source) => {
                    if let Some(value) = self.places.text(*source, scratch) {
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
        let written = any && kind.write(&text, self.offset, buffer).is_ok();
        self.work.other = text;
        Written::content_if(written)
    }
}
