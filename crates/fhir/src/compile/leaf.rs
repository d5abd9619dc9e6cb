//! A row that gives a value of its own: checked against R4 and its required bindings.

use super::compiler::{Compiler, Scope};
use crate::definitions::Definitions;
use crate::maps::condition::Condition;
use crate::maps::model::{CodeTable, JoinPart, Row, RowValue};
use crate::nearest;
use crate::options::UtcOffset;
use crate::plan::{Candidate, CodePart, Part, Source, Translated, Value};
use crate::primitive::Primitive;
use crate::tree::{self, Placed, Target, Tree};

pub(super) struct Leaf<'r> {
    pub(super) row: &'r Row,
    pub(super) from: Option<Source>,
    pub(super) over: Option<Source>,
    pub(super) conditions: Vec<Condition<Source>>,
    pub(super) codes: Option<usize>,
    /// It holds a part of the original coding of that code.
    pub(super) original: Option<Translated>,
}

impl Compiler<'_> {
    pub(super) fn leaf(
        &mut self,
        leaf: Leaf<'_>,
        scope: &Scope<'_>,
        path: &[Placed],
        tree: &mut Tree,
    ) -> Result<(), String> {
        let row = leaf.row;
        let mut parts = Vec::new();
        if let RowValue::Join(join) = &row.value {
            for part in join {
                parts.push(match part {
                    JoinPart::Literal(text) => Part::Literal(text.clone()),
                    JoinPart::Source(path) => Part::Source(self.source(path, scope)?),
                });
            }
        }
        let (r4, listed) = (self.r4, &self.listed);
        let mut outside = Vec::new();
        let result = tree.insert(r4, path, None, |target| {
            let end = End::of(target, r4)?;
            let mut default = row
                .default
                .as_deref()
                .map(|text| end.constant(text))
                .transpose()?;
            let value = match &row.value {
                RowValue::Constant(text) => Value::Constant(end.constant(text)?),
                RowValue::Join(_) => Value::Join(parts, end.primitive),
                RowValue::As(_) if leaf.from.is_none() => Value::Never,
                RowValue::As(kind) => end.taken(kind.as_deref(), leaf.codes)?,
            };
            if let Value::Mapped(table, ..) = value {
                let table = listed[table];
                outside = end.outside(table, &row.to_text);
                if default.is_none() {
                    let text = table.default.as_deref();
                    default = text.map(|text| end.constant(text)).transpose()?;
                }
            }
            let value = match (value, leaf.original) {
                (Value::Primitive(primitive), Some(of)) => Value::Original {
                    primitive,
                    of,
                    is_system: false,
                },
                (Value::System, Some(of)) => Value::Original {
                    primitive: Primitive::Uri,
                    of,
                    is_system: true,
                },
                (value, _) => value,
            };
            let allowed = end
                .allowed
                // Constants were checked, and `outside` checks the codes of a table.
                .filter(|_| {
                    !matches!(
                        value,
                        Value::Constant(_) | Value::Mapped(_, CodePart::Code, Primitive::Code, _)
                    )
                })
                .map(|codes| {
                    let mut codes = codes.to_vec();
                    codes.sort_unstable();
                    codes
                });
            Ok(tree::Row {
                candidate: Candidate {
                    conditions: leaf.conditions,
                    from: leaf.from,
                    default,
                    allowed,
                    ..Candidate::new(value, (row.file, row.line))
                },
                over: leaf.over,
            })
        });
        for (file, line, message) in outside {
            self.error(file, line, message);
        }
        result.map_err(|message| format!("`to: {}`: {message}", row.to_text))
    }
}

/// The primitive at the end of a target path.
struct End<'t> {
    target: &'t Target,
    primitive: Primitive,
    /// Codes of a required binding.
    allowed: Option<&'t [&'static str]>,
}

impl<'t> End<'t> {
    fn of(target: &'t Target, r4: &'t Definitions) -> Result<End<'t>, String> {
        let primitive = Primitive::named(&target.kind).ok_or_else(|| {
            format!(
                "it is {}, which needs `as:` with a data type map or a path into it",
                target.kind
            )
        })?;
        Ok(End {
            target,
            primitive,
            allowed: target.binding.and_then(|set| r4.codes(set)),
        })
    }

    /// The JSON of a constant.
    fn constant(&self, text: &str) -> Result<Vec<u8>, String> {
        if let Some(codes) = self.allowed
            && !codes.contains(&text)
        {
            let hint = nearest::hint(text, codes);
            return Err(format!(
                "the code `{text}` is outside the required binding{hint}"
            ));
        }
        let mut json = Vec::new();
        let written = self.primitive.write(text, false, UtcOffset::UTC, &mut json);
        match (written, self.primitive) {
            (Ok(()), _) => Ok(json),
            // Dates are constants in FHIR's form, not in HL7's.
            (Err(_), Primitive::Date | Primitive::DateTime) => {
                Ok(format!("\"{text}\"").into_bytes())
            }
            (Err(_), _) => Err(format!("`{text}` is no {}", self.target.kind)),
        }
    }

    /// What `as: kind` takes over, or has a code table translate.
    fn taken(&self, kind: Option<&str>, table: Option<usize>) -> Result<Value, String> {
        match kind {
            Some("system") => return Ok(Value::System),
            Some("hd-uri" | "HD[uri]") => return Ok(Value::Authority),
            Some("lines") if matches!(self.primitive, Primitive::Text | Primitive::Base64) => {
                return Ok(Value::Lines(self.primitive));
            }
            Some(kind) if !Primitive::named(kind).is_some_and(|k| k.fits(self.primitive)) => {
                return Err(format!("`as: {kind}` does not fit {}", self.target.kind));
            }
            _ => {}
        }
        Ok(match table {
            Some(table) => Value::Mapped(table, CodePart::Code, self.primitive, None),
            None => Value::Primitive(self.primitive),
        })
    }

    /// Codes of a table that the required binding of the target does not have.
    fn outside(&self, table: &CodeTable, to: &str) -> Vec<(usize, u32, String)> {
        let (Some(allowed), Primitive::Code) = (self.allowed, self.primitive) else {
            return Vec::new();
        };
        let codes = table.codes.iter().map(|(_, code)| code);
        codes
            .filter(|code| !allowed.contains(&code.code.as_str()))
            .map(|code| {
                let hint = nearest::hint(&code.code, allowed);
                let text = &code.code;
                let message =
                    format!("the code `{text}` is outside the required binding of `{to}`{hint}");
                (code.file, code.line, message)
            })
            .collect()
    }
}
