//! Codes and their systems: looked up in code tables, named by URI.

use super::element::Written;
use super::run::Run;
use super::trace::{Trace, Wrote};
use crate::authority::{self, Authority, is_oid};
use crate::issue::IssueReason;
use crate::plan::{Candidate, CodePart, Source, Span, Table, TableEntry, Translated, Value};
use crate::primitive::Primitive;

/// A code that was looked up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct CodedPlace {
    of: Translated,
    /// What sources mean.
    meaning: u32,
}

/// What is known of a code that a table translates.
#[derive(Clone, Copy)]
pub(super) struct Coded<'r> {
    is_valued: bool,
    /// The table's row for it.
    entry: Option<&'r TableEntry>,
    /// The system that the code names is neither the table's nor one that the table leads to: the same letters mean
    /// something else there.
    pub(super) is_of_another: bool,
    /// The original coding stands beside the mapped one: only when it is of another system.
    pub(super) keeps: bool,
}

impl<'r, T: Trace> Run<'r, '_, T> {
    /// The coding that a table has for a code, which is ready; the rows are those of system, code and display.
    #[inline(never)]
    pub(super) fn coding(&mut self, rows: Span, buffer: &mut Vec<u8>) -> Written {
        let parts = self.parts;
        let rows = rows.of(&parts.candidates);
        let Some((Value::Mapped(table, .., system), Some(from))) =
            rows.first().map(|row| (&row.value, row.from))
        else {
            return Written::Nothing;
        };
        let coded = self.coded(Translated {
            table: *table,
            code: from,
            system: *system,
        });
        if coded.is_of_another {
            return Written::Nothing;
        }
        let Some(entry) = coded.entry else {
            if coded.is_valued {
                self.issue(Some(from), IssueReason::UnmappedCode);
            }
            return Written::Nothing;
        };
        let start = buffer.len();
        buffer.extend_from_slice(&entry.coding.json);
        for (row, value) in rows.iter().zip(&entry.coding.values) {
            if let Some(value) = value {
                let value = start + usize::from(value.0)..start + usize::from(value.1);
                self.wrote(row, Wrote::Value, value);
            }
        }
        Written::Content
    }

    /// A part of what a code table has for a code.
    #[inline(never)]
    pub(super) fn mapped(
        &mut self,
        from: Source,
        table: usize,
        part: CodePart,
        kind: Primitive,
        system: Option<Source>,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let coded = self.coded(Translated {
            table,
            code: from,
            system,
        });
        if coded.is_of_another {
            return Written::Nothing;
        }
        let Some(entry) = coded.entry else {
            if part == CodePart::Code && coded.is_valued {
                self.issue(Some(from), IssueReason::UnmappedCode);
            }
            return Written::Nothing;
        };
        let text = match part {
            CodePart::Code => Some(&entry.code),
            CodePart::Display => entry.display.as_ref(),
            CodePart::System => entry.system.as_ref(),
        };
        let plain = entry.plain;
        let written = text.is_some_and(|text| kind.write(text, plain, self.offset, buffer).is_ok());
        Written::content_if(written)
    }

    /// What is known of a coded value. Code, system and display ask one after the other: the answer is kept.
    pub(super) fn coded(&mut self, of: Translated) -> Coded<'r> {
        let place = CodedPlace {
            of,
            meaning: self.places.meaning(),
        };
        if let Some((known, coded)) = self.coded
            && known == place
        {
            return coded;
        }
        let coded = self.look_up(&self.tables[of.table], of.code, of.system);
        self.coded = Some((place, coded));
        coded
    }

    /// Whether an object holds the original of a code where that does not stand beside what a table has for the code.
    #[inline(never)]
    pub(super) fn is_superseded(&mut self, original: u32) -> bool {
        let parts = self.parts;
        match parts.candidates.get(original as usize) {
            Some(Candidate {
                value: Value::Original { of, .. },
                ..
            }) => !self.coded(*of).keeps,
            _ => false,
        }
    }

    #[inline(never)]
    fn look_up(&mut self, table: &'r Table, code: Source, system: Option<Source>) -> Coded<'r> {
        let text = self.places.valued_bytes(code, &mut self.work.scratch);
        let is_valued = text.is_some();
        let entry = text.and_then(|text| table.get(text));
        let mut coded = Coded {
            is_valued,
            entry,
            is_of_another: false,
            keeps: entry.is_none(),
        };
        if let Some(name) =
            system.and_then(|system| self.places.text(system, &mut self.work.scratch))
        {
            let mut uri = std::mem::take(&mut self.work.other);
            let stated = uri_of(self.systems, name, &mut uri);
            let is_own = |of: &String| *of == uri || table.has_system(uri.as_bytes());
            coded.is_of_another = table.of.as_ref().is_some_and(|of| !is_own(of))
                && !entry.is_some_and(|entry| entry.of_site);
            let differs = |entry: &TableEntry| entry.system.as_ref() != Some(&uri);
            coded.keeps |= coded.is_of_another || (stated && entry.is_some_and(differs));
            self.work.other = uri;
        }
        coded
    }

    /// The system of a coding that stands beside a table's.
    #[inline(never)]
    pub(super) fn original_system(
        &mut self,
        from: Source,
        table: usize,
        coded: Coded<'r>,
        buffer: &mut Vec<u8>,
    ) -> Written {
        let start = buffer.len();
        let written = self.system_uri(from, buffer);
        if self.is_foreign(table, coded, &buffer[start..]) {
            return Written::Nothing;
        }
        written
    }

    /// Whether a code claims the system of a table that does not have it: then it stands without a system.
    fn is_foreign(&self, table: usize, coded: Coded<'r>, uri: &[u8]) -> bool {
        let uri = uri
            .strip_prefix(b"\"")
            .and_then(|uri| uri.strip_suffix(b"\""));
        coded.entry.is_none() && uri.is_some_and(|uri| self.tables[table].has_system(uri))
    }

    /// The URI of an assigning authority.
    #[inline(never)]
    pub(super) fn authority_uri(&mut self, from: Source, buffer: &mut Vec<u8>) -> Written {
        let Some(piece) = self.places.piece(from) else {
            return Written::Nothing;
        };
        let mut uri = std::mem::take(&mut self.work.seed);
        uri.clear();
        let found = authority::hd_uri(
            &self.places,
            Authority::at(from, piece),
            self.authorities,
            &mut uri,
            &mut self.work.scratch,
        );
        let text = std::str::from_utf8(&uri).unwrap_or_default();
        let written = found
            && Primitive::Uri
                .write(text, false, self.offset, buffer)
                .is_ok();
        self.work.seed = uri;
        Written::content_if(written)
    }

    /// The URI of a coding system.
    #[inline(never)]
    pub(super) fn system_uri(&mut self, from: Source, buffer: &mut Vec<u8>) -> Written {
        let Some(text) = self.places.text(from, &mut self.work.scratch) else {
            return Written::Nothing;
        };
        let mut uri = std::mem::take(&mut self.work.other);
        let found = uri_of(self.systems, text, &mut uri);
        let written = found
            && Primitive::Uri
                .write(&uri, false, self.offset, buffer)
                .is_ok();
        self.work.other = uri;
        Written::content_if(written)
    }
}

/// The URI of a coding system's name (HL7 table 0396).
fn uri_of(systems: Option<&Table>, name: &str, uri: &mut String) -> bool {
    uri.clear();
    if let Some(entry) = systems.and_then(|table| table.get(name.as_bytes())) {
        uri.push_str(&entry.code);
    } else if let Some(table) = name
        .strip_prefix("HL7")
        .filter(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()))
    {
        uri.push_str("http://terminology.hl7.org/CodeSystem/v2-");
        uri.push_str(table);
    } else if name.starts_with("http://")
        || name.starts_with("https://")
        || name.starts_with("urn:")
    {
        uri.push_str(name);
    } else if is_oid(name) {
        uri.push_str("urn:oid:");
        uri.push_str(name);
    }
    !uri.is_empty()
}
