//! Source paths and conditions, relative to what a map is applied to.

use super::compiler::{Compiler, Scope};
use crate::maps::condition::Condition;
use crate::maps::path::SourcePath;
use crate::nearest;
use crate::plan::Source;

impl Compiler<'_> {
    /// A source path in a scope; the error is what is wrong. A part that the value cannot have is `None` of `Ok`.
    pub(super) fn source(
        &mut self,
        path: &SourcePath,
        scope: &Scope<'_>,
    ) -> Result<Source, String> {
        let mut source = scope.base;
        if path.root == "EVENT" || path.root == "MESSAGE" {
            let slot = self.slot("MSH", None, None);
            let component = if path.root == "EVENT" { 2 } else { 1 };
            return Ok(Source {
                slot,
                field: 9,
                repetition: 0,
                component,
                subcomponent: 0,
            });
        }
        let relative = path.root == "$"
            || (path.root == scope.of && (scope.base.field > 0) == (path.field == 0));
        if !relative {
            if path.root.len() != 3 || (path.field == 0 && !path.parts.is_empty()) {
                let hint = nearest::hint(&path.root, [scope.of]);
                return Err(format!(
                    "`{}` is neither a segment nor {}{hint}",
                    path.root, scope.of
                ));
            }
            source = Source::field(self.slot(&path.root, None, None), 0);
        }
        if source.field == 0 {
            source.field = path.field;
        }
        for part in &path.parts {
            if source.component == 0 {
                source.component = *part;
            } else if source.subcomponent == 0 {
                source.subcomponent = *part;
            } else if *part > 1 {
                source.subcomponent = u16::MAX;
            }
        }
        Ok(source)
    }

    pub(super) fn condition(
        &mut self,
        file: usize,
        line: u32,
        condition: &Condition<SourcePath>,
        scope: &Scope<'_>,
    ) -> Option<Condition<Source>> {
        match condition.clone().map(&mut |path| self.source(&path, scope)) {
            Ok(condition) => Some(condition),
            Err(message) => {
                self.error(file, line, format!("condition: {message}"));
                None
            }
        }
    }
}
