//! What the demo prints.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use kiln_pipeline::Tally;

use super::beside::Example;
use crate::failure::Failure;
use crate::output::print;
use crate::send;

/// Widest that the report gets.
const WIDEST: usize = 180;
const NO_TERMINAL: usize = 80;

/// What the demo prints.
pub(crate) struct Report<'a> {
    pub(crate) sent: &'a send::Report,
    pub(crate) tally: &'a Tally,
    pub(crate) example: &'a Example,
    pub(crate) address: SocketAddr,
    pub(crate) directory: &'a Path,
    /// Where the console is, while the demo stays up.
    pub(crate) console: Option<SocketAddr>,
}

/// Columns of the terminal.
pub(crate) fn columns() -> usize {
    terminal_size::terminal_size()
        .map_or(NO_TERMINAL, |(width, _)| usize::from(width.0))
        .clamp(40, WIDEST)
}

impl Report<'_> {
    pub(crate) fn print(&self, columns: usize) -> Result<(), Failure> {
        print(self.text(columns))
    }

    fn text(&self, columns: usize) -> String {
        let mut text = String::new();
        let out = &mut text;
        let total: u64 = self.sent.acknowledged();
        let _ = writeln!(
            out,
            "Kiln demo: {total} HL7v2 messages over MLLP to {}, invented people\n",
            self.address
        );
        table(out, "Messages by type", self.sent.types(), columns);
        table(out, "Acknowledged", self.sent.codes(), columns);
        let _ = writeln!(
            out,
            "ACK latency\n  p50 {:.2} ms   p99 {:.2} ms   (each was on disk before its ACK)\n",
            self.sent.latency_ms(0.5),
            self.sent.latency_ms(0.99)
        );
        table(out, "FHIR R4 resources", &self.tally.resources, columns);
        table(
            out,
            "Dead letters, kept with the reason",
            &self.tally.dead,
            columns,
        );
        let _ = writeln!(out, "One message beside an Observation it became");
        for line in self.example.lines(columns.saturating_sub(2)) {
            let _ = writeln!(out, "  {line}");
        }
        self.next(out);
        text
    }

    fn next(&self, out: &mut String) {
        let directory = self.directory.display();
        let _ = writeln!(
            out,
            "\nWhere it lies\n  {directory}/fhir/*.ndjson    one file a resource type\n  {directory}/dead.ndjson      what could not be mapped, as received\n"
        );
        let send = format!("send --to {} your.hl7", self.address);
        let tail = format!("tail --dir {directory} --type Patient");
        let mut steps = vec![(tail.as_str(), "one resource type")];
        if self.console.is_some() {
            steps.push((&send, "your own messages; this stays up until Ctrl-C"));
        } else {
            steps.push((
                "demo --hold",
                "stays up, with a console to look into; then, elsewhere:",
            ));
            steps.push((&send, ""));
        }
        steps.extend([
            ("convert your.hl7", "offline"),
            (
                "config example > kiln.yaml",
                "name your Kafka brokers there, then:",
            ),
            ("serve --config kiln.yaml", ""),
        ]);
        let _ = writeln!(out, "Try next{}", aside());
        let width = steps
            .iter()
            .map(|(step, _)| step.chars().count())
            .max()
            .unwrap_or(0);
        for (step, remark) in steps {
            let line = format!("  kiln {step:<width$}  {remark}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
        if let Some(address) = self.console {
            let _ = writeln!(out, "\nThe console is on http://{address}/");
        }
    }
}

/// Where `kiln` is, for who has not got it on the PATH yet, so that what is printed can be run.
fn aside() -> String {
    match std::env::args().next() {
        Some(program) if program != "kiln" => format!(" (here, kiln is {program})"),
        _ => String::new(),
    }
}

/// Names with counts, in as many columns as fit.
fn table(out: &mut String, title: &str, counts: &BTreeMap<String, u64>, columns: usize) {
    let _ = writeln!(out, "{title}");
    if counts.is_empty() {
        let _ = writeln!(out, "  none\n");
        return;
    }
    let names = counts
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    let cell = names + 9;
    let across = (columns.saturating_sub(2) / cell).max(1);
    let cells: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name:<names$} {count:>5}   "))
        .collect();
    for row in cells.chunks(across) {
        let _ = writeln!(out, "  {}", row.concat().trim_end());
    }
    let _ = writeln!(out);
}
