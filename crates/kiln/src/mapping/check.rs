//! `kiln mapping check`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr as _;

use clap::Args;
use kiln_fhir::{Conversion, ConvertOptions, Issue, IssueReason, Mapper, Profile};
use kiln_hl7::{Index, Message};
use kiln_pipeline::mapping::{OverlayError, overlay};
use serde_json::json;

use crate::failure::Failure;
use crate::messages;
use crate::output::print;

/// Check a site's overlay over the maps
#[derive(Debug, Args)]
#[command(
    long_about = "Checks a directory of YAML over Kiln's maps: every mistake with file, line and the nearest valid name. With messages, it also lists the codes that no table translates, with counts.",
    after_help = "Examples:\n  kiln mapping check overlay/\n  kiln mapping check overlay/ messages/             and the codes in messages that stay unmapped\n\nExit codes: 0 right; 2 wrong, every mistake is told."
)]
pub(crate) struct Check {
    /// The overlay's directory
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Files or directories of messages
    #[arg(value_name = "MESSAGES")]
    messages: Vec<PathBuf>,
    /// The profile that it lies over: r4 or us-core
    #[arg(long, default_value_t = Profile::R4, value_parser = Profile::from_str)]
    profile: Profile,
    /// One JSON object: version, mistakes, unmapped codes
    #[arg(long)]
    json: bool,
}

/// Field, code, and how often.
type Unmapped = BTreeMap<(String, String), u64>;

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let base = Mapper::profiled(self.profile).map_err(Failure::stopped)?;
        let mapper = match overlay(&base, &self.directory) {
            Ok(mapper) => mapper,
            Err(OverlayError::Maps { errors, .. }) if self.json => {
                let mistakes = errors.0.iter().map(|error| {
                    json!({ "file": error.file, "line": error.line, "message": error.message })
                });
                let mistakes: Vec<_> = mistakes.collect();
                print(format!(
                    "{}\n",
                    json!({ "version": null, "mistakes": mistakes })
                ))?;
                return Err(Failure::wrong(format!(
                    "{} is wrong",
                    self.directory.display()
                )));
            }
            Err(error) => return Err(Failure::wrong(error)),
        };
        let unmapped = self.unmapped(&mapper)?;
        if self.json {
            let codes = unmapped.iter().map(
                |((field, code), count)| json!({ "field": field, "code": code, "count": count }),
            );
            let codes: Vec<_> = codes.collect();
            let line = json!({ "version": mapper.version(), "mistakes": [], "unmapped": codes });
            return print(format!("{line}\n"));
        }
        let directory = self.directory.display();
        let mut text = format!("{directory} is right: version {}", mapper.version());
        if !self.messages.is_empty() {
            text.push_str("\n\ncodes without an entry in their table\n   count  field       code");
            let mut rows: Vec<_> = unmapped.iter().collect();
            rows.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            for ((field, code), count) in rows {
                text.push_str(&format_row(*count, field, code));
            }
        }
        text.push('\n');
        print(text)
    }

    fn unmapped(&self, mapper: &Mapper) -> Result<Unmapped, Failure> {
        let mut unmapped = Unmapped::new();
        let (mut index, mut conversion) = (Index::new(), Conversion::new());
        for input in messages::inputs(&self.messages)? {
            let bytes = input.bytes()?;
            for bytes in kiln_hl7::batch::messages(&bytes) {
                let Ok(message) = Message::parse(bytes, &mut index) else {
                    continue;
                };
                let options = ConvertOptions::default();
                if mapper.convert(&message, &options, &mut conversion).is_err() {
                    continue;
                }
                for issue in conversion.issues() {
                    if issue.reason == IssueReason::UnmappedCode
                        && let Some(code) = code(&message, issue)
                    {
                        *unmapped.entry((issue.path(), code)).or_default() += 1;
                    }
                }
            }
        }
        Ok(unmapped)
    }
}

fn format_row(count: u64, field: &str, code: &str) -> String {
    format!("\n{count:>8}  {field:<10}  {code}")
}

/// The code that an issue is about.
fn code(message: &Message<'_>, issue: &Issue) -> Option<String> {
    let name = std::str::from_utf8(&issue.segment).ok()?;
    let segment = message
        .segments_named(name)
        .nth(usize::from(issue.occurrence.max(1)) - 1)?;
    let mut value = segment
        .field(usize::from(issue.field))
        .repetition(usize::from(issue.repetition));
    if issue.component > 0 {
        value = value.part(usize::from(issue.component));
    }
    Some(value.text().ok()?.trim().to_owned())
}
