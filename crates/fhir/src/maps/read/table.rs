//! Reading code tables.

use super::reader::{Entries, Reader};
use crate::maps::model::{Code, CodeTable};
use crate::maps::yaml::{Kind, Node};

impl Reader<'_> {
    pub(super) fn table(&mut self, entries: &Entries<'_>, name: &str, file: usize) -> CodeTable {
        let system = self.text(entries, "system");
        let default = self.text(entries, "default");
        let codes = self.codes(entries, system.as_ref());
        CodeTable {
            file,
            of: self.text(entries, "of"),
            default,
            codes,
            tables: self.tables(entries, name),
            skips: self.skips(entries),
        }
    }

    fn codes(&mut self, entries: &Entries<'_>, system: Option<&String>) -> Vec<(String, Code)> {
        let mut codes: Vec<(String, Code)> = Vec::new();
        match entries.get("codes") {
            Some(Node {
                kind: Kind::Map(pairs),
                ..
            }) => {
                for (key, value) in pairs {
                    let source = key.scalar().unwrap_or_default().to_owned();
                    if codes.iter().any(|(other, _)| *other == source) {
                        self.error(key.line, format!("the code `{source}` is given twice"));
                    }
                    let code = if let Some(code) = value.scalar() {
                        Code {
                            file: self.number,
                            line: key.line,
                            code: code.to_owned(),
                            display: None,
                            system: system.cloned(),
                        }
                    } else {
                        let entry = self.entries(value, &["code", "display", "system", "note"]);
                        let own = self.text(&entry, "system");
                        Code {
                            file: self.number,
                            line: key.line,
                            code: self.required(&entry, "code"),
                            display: self.text(&entry, "display"),
                            system: own.or_else(|| system.cloned()),
                        }
                    };
                    codes.push((source, code));
                }
            }
            Some(node) => self.error(node.line, "`codes` must be a map of source codes"),
            None if self.overlay => {}
            None => self.error(entries.line, "`codes` is missing"),
        }
        codes
    }
}
