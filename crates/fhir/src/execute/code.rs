//! Codes and their systems: looked up in code tables, named by URI.

use super::element::Written;
use super::run::Run;
use super::trace::Trace;
use crate::authority::{self, Authority, is_oid};
use crate::issue::IssueReason;
use crate::plan::{CodePart, Source, TableEntry};
use crate::primitive::Primitive;

impl<'r, T: Trace> Run<'r, '_, T> {
    /// A part of what a code table has for a code.
    pub(super) fn mapped(
        &mut self,
        from: Source,
        table: usize,
        part: CodePart,
        kind: Primitive,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let Some(text) = self.places.text(from, scratch) else {
            return Written::Nothing;
        };
        let Some(entry) = self.tables[table].get(text) else {
            if part == CodePart::Code {
                self.issue(Some(from), IssueReason::UnmappedCode);
            }
            return Written::Nothing;
        };
        let text = match part {
            CodePart::Code => Some(&entry.code),
            CodePart::Display => entry.display.as_ref(),
            CodePart::System => entry.system.as_ref(),
        };
        let written = text.is_some_and(|text| kind.write(text, self.offset, buffer).is_ok());
        Written::content_if(written)
    }

    /// What a code table has for the code at a place.
    fn entry(&self, table: usize, code: Source, scratch: &mut String) -> Option<&'r TableEntry> {
        let (text, tables) = (self.places.text(code, scratch)?, self.tables);
        tables[table].get(text)
    }

    /// Whether the original coding stands beside the mapped one: only when it is of another system.
    pub(super) fn keeps(
        &mut self,
        table: usize,
        code: Source,
        system: Option<Source>,
        scratch: &mut String,
    ) -> bool {
        if system.is_some_and(|system| self.is_of_another(table, code, system, scratch)) {
            return true;
        }
        let Some(mapped) = self.entry(table, code, scratch) else {
            return true;
        };
        let Some(system) = system else { return false };
        let Some(name) = self.places.text(system, scratch) else {
            return false;
        };
        let mut uri = std::mem::take(&mut self.work.other);
        let stated = self.system(name, &mut uri);
        let keeps = stated && mapped.system.as_deref() != Some(uri.as_str());
        self.work.other = uri;
        keeps
    }

    /// Whether the system that a code names is neither the table's nor one that the table leads to: the same letters mean
    /// something else there.
    pub(super) fn is_of_another(
        &mut self,
        table: usize,
        code: Source,
        system: Source,
        scratch: &mut String,
    ) -> bool {
        // Most codes name no system: that is asked before anything is looked up.
        if self.tables[table].of.is_none() || self.places.text(system, scratch).is_none() {
            return false;
        }
        let entry = self.entry(table, code, scratch);
        if entry.is_some_and(|entry| entry.of_site) {
            return false;
        }
        let Some(name) = self.places.text(system, scratch) else {
            return false;
        };
        let mut uri = std::mem::take(&mut self.work.other);
        self.system(name, &mut uri);
        let table = &self.tables[table];
        let own = table.of.as_deref() == Some(uri.as_str()) || table.has_system(uri.as_bytes());
        self.work.other = uri;
        !own
    }

    /// Whether a code claims the system of a table that does not have it: then it stands without a system.
    pub(super) fn is_foreign(
        &self,
        table: usize,
        code: Source,
        uri: &[u8],
        scratch: &mut String,
    ) -> bool {
        let uri = uri
            .strip_prefix(b"\"")
            .and_then(|uri| uri.strip_suffix(b"\""));
        self.entry(table, code, scratch).is_none()
            && uri.is_some_and(|uri| self.tables[table].has_system(uri))
    }

    /// The URI of an assigning authority.
    pub(super) fn authority_uri(
        &mut self,
        from: Source,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
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
            scratch,
        );
        let text = std::str::from_utf8(&uri).unwrap_or_default();
        let written = found && Primitive::Uri.write(text, self.offset, buffer).is_ok();
        self.work.seed = uri;
        Written::content_if(written)
    }

    /// The URI of a coding system.
    pub(super) fn system_uri(
        &mut self,
        from: Source,
        buffer: &mut Vec<u8>,
        scratch: &mut String,
    ) -> Written {
        let Some(text) = self.places.text(from, scratch) else {
            return Written::Nothing;
        };
        let mut uri = std::mem::take(&mut self.work.other);
        let found = self.system(text, &mut uri);
        let written = found && Primitive::Uri.write(&uri, self.offset, buffer).is_ok();
        self.work.other = uri;
        Written::content_if(written)
    }

    /// The URI of a coding system's name (HL7 table 0396).
    fn system(&self, name: &str, uri: &mut String) -> bool {
        uri.clear();
        if let Some(entry) = self.systems.and_then(|table| self.tables[table].get(name)) {
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
}
