//! The facts of the HL7 v2-to-FHIR guide's mapping tables, for `kiln mapping coverage`: which table, which row of its sheet,
//! which v2 field, which FHIR target, under what condition; and the names of v2 fields. No prose is taken over.

mod names;

use std::{fmt::Write as _, fs, path::Path};

use crate::need::root;

/// A kind of table: the folder of the guide's CSV files, and the digest that is made of it.
struct Kind {
    folder: &'static str,
    /// What stands before the table's name in a file name.
    before: &'static str,
    /// First columns of the v2 side's key, of the condition and of the FHIR side, by the text in the second heading row.
    key: &'static str,
    target: &'static [&'static str],
    /// The maps that a row names, by heading.
    facts: &'static [&'static str],
}

const KINDS: [Kind; 4] = [
    Kind {
        folder: "messages",
        before: "R4_ ",
        key: "Identifier",
        target: &["Primary Target"],
        facts: &["Segment Map"],
    },
    Kind {
        folder: "segments",
        before: "R4_ ",
        key: "Identifier",
        target: &["FHIR Attribute"],
        facts: &["Data Type Mapping", "Vocabulary Mapping"],
    },
    Kind {
        folder: "datatypes",
        before: "R4_ ",
        key: "Identifier",
        target: &["FHIR Attribute"],
        facts: &["Data Type Mapping", "Vocabulary Mapping"],
    },
    Kind {
        folder: "codesystems",
        before: "Map_ ",
        key: "Code",
        target: &["Code"],
        facts: &[],
    },
];

/// Sheets have two rows of headings.
const HEADINGS: usize = 2;

/// Writes `crates/fhir/guide/*.txt` from the `mappings` folder of the guide's repository.
pub(crate) fn digest(mappings: &Path) -> Result<(), String> {
    let out = root().join("crates/fhir/guide");
    fs::create_dir_all(&out).map_err(|error| format!("{}: {error}", out.display()))?;
    for kind in &KINDS {
        let file = out.join(format!("{}.txt", kind.folder));
        let text = kind.digest(&mappings.join(kind.folder))?;
        write(&file, &text)?;
    }
    write(&out.join("names.txt"), &names::digest(mappings)?)
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("{}: {} KiB", file.display(), text.len().div_ceil(1024));
    Ok(())
}

impl Kind {
    fn digest(&self, folder: &Path) -> Result<String, String> {
        let listing =
            fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut tables: Vec<(String, std::path::PathBuf)> = listing
            .filter_map(Result::ok)
            .filter_map(|entry| Some((self.name(entry.file_name().to_str()?)?, entry.path())))
            .collect();
        tables.sort();
        let mut text = String::from(
            "# Facts of the HL7 v2-to-FHIR guide's tables, by `cargo xtask guide`; row numbers are those of its sheets.\n",
        );
        for (name, path) in tables {
            let _ = writeln!(text, "= {name}");
            self.table(&path, &mut text)
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(text)
    }

    /// `PID[Patient]` of `HL7 Segment - FHIR R4_ PID[Patient] - PID.csv`.
    fn name(&self, file: &str) -> Option<String> {
        let (_, rest) = file.strip_suffix(".csv")?.split_once(self.before)?;
        let (name, _) = rest.rsplit_once(" - ")?;
        Some(name.trim().to_owned())
    }

    fn table(&self, path: &Path, text: &mut String) -> Result<(), String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_path(path)
            .map_err(|error| error.to_string())?;
        let mut records = Vec::new();
        for record in reader.records() {
            records.push(record.map_err(|error| error.to_string())?);
        }
        let headings = records.get(1).ok_or("no headings")?;
        let find = |wanted: &str, after: usize| {
            headings
                .iter()
                .enumerate()
                .skip(after)
                .find(|(_, heading)| heading.trim().starts_with(wanted))
                .map(|(at, _)| at)
        };
        // Not every sheet has its own headings for the first columns; the key is the first or second one everywhere.
        let key = find(self.key, 0).unwrap_or(1);
        let condition = find("Computable", 0).ok_or("no conditions")?;
        let narrative = find("Narrative", condition).ok_or("no narratives")?;
        let target = self
            .target
            .iter()
            .find_map(|heading| find(heading, narrative))
            .ok_or("no targets")?;
        let facts: Vec<Option<usize>> = self.facts.iter().map(|fact| find(fact, target)).collect();
        let assignment = find("Assignment", target).or_else(|| find("Derived", target));
        let mut untargeted = String::new();
        for (at, record) in records.iter().enumerate().skip(HEADINGS) {
            let cell = |at: usize| fact(record.get(at).unwrap_or_default());
            let (row, field, to) = (at + 1, cell(key), cell(target));
            if to.is_empty() {
                if !field.is_empty() {
                    let _ = write!(untargeted, "\t{row}\t{field}");
                }
                continue;
            }
            let if_true = cell(condition);
            let if_true = if_true
                .strip_prefix("IF ")
                .or_else(|| if_true.strip_prefix("If "))
                .unwrap_or(&if_true);
            let prose = if cell(narrative).is_empty() {
                ""
            } else {
                "prose"
            };
            let mut line = format!("{row}\t{field}\t{to}\t{if_true}\t{prose}");
            for at in &facts {
                let _ = write!(line, "\t{}", at.map(cell).unwrap_or_default());
            }
            if let Some(at) = assignment {
                let _ = write!(line, "\t{}", assigned(&cell(at)));
            }
            let _ = writeln!(text, "{}", line.trim_end_matches('\t'));
        }
        if !untargeted.is_empty() {
            let _ = writeln!(text, "-{untargeted}");
        }
        Ok(())
    }
}

/// A constant in quotes, or `computed` where the guide says in its own words how to come by the value.
fn assigned(cell: &str) -> String {
    let constant = cell
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .filter(|inner| !inner.contains('"'))
        .or_else(|| {
            Some(cell)
                .filter(|word| word.starts_with("http") || word.chars().all(char::is_alphabetic))
        });
    match constant {
        Some("") => String::new(),
        Some(constant) => format!("\"{constant}\""),
        None => "computed".to_owned(),
    }
}

/// A cell on one line, its runs of white space one space each.
fn fact(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}
