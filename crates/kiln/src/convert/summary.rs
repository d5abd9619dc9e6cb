//! What became of all files.

use std::fmt::Write as _;

use serde::Serialize;

use super::conversion::Converted;

/// Failures that the text lists; all are counted, and all are in the JSON.
const LISTED: usize = 50;

/// What became of all files.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    files: usize,
    messages: usize,
    /// Messages that the overlay's filters drop.
    dropped: usize,
    resources: usize,
    /// Values that could not be mapped.
    unmapped_values: usize,
    failures: Vec<FailureLine>,
}

#[derive(Debug, Serialize)]
struct FailureLine {
    file: String,
    /// 1-based in the file; absent when the file itself failed.
    message: Option<usize>,
    why: String,
}

impl Summary {
    pub(crate) fn add(&mut self, file: &str, converted: Converted) {
        self.files += 1;
        self.messages += converted.messages;
        self.dropped += converted.dropped;
        self.resources += converted.resources;
        self.unmapped_values += converted.issues;
        self.failures
            .extend(converted.failures.into_iter().map(|failure| FailureLine {
                file: file.to_owned(),
                message: (failure.message > 0).then_some(failure.message),
                why: failure.why,
            }));
    }

    pub(crate) fn all_converted(&self) -> bool {
        self.failures.is_empty()
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Failures always; the totals when standard output does not show the result itself.
    pub(crate) fn text(&self, totals: bool) -> String {
        let mut text = String::new();
        if totals || !self.failures.is_empty() {
            let _ = writeln!(
                text,
                "{} files, {} messages, {} resources",
                self.files, self.messages, self.resources
            );
        }
        if self.dropped > 0 {
            let _ = writeln!(text, "{} dropped by filters", self.dropped);
        }
        if totals && self.unmapped_values > 0 {
            let _ = writeln!(text, "{} values could not be mapped", self.unmapped_values);
        }
        if !self.failures.is_empty() {
            let _ = writeln!(text, "{} failed:", self.failures.len());
        }
        for failure in self.failures.iter().take(LISTED) {
            let place = failure
                .message
                .map_or_else(String::new, |message| format!(", message {message}"));
            let _ = writeln!(text, "  {}{place}: {}", failure.file, failure.why);
        }
        if self.failures.len() > LISTED {
            let _ = writeln!(
                text,
                "  and {} more; --json lists all",
                self.failures.len() - LISTED
            );
        }
        text
    }
}
