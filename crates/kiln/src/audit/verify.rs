//! `kiln audit verify`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use kiln_pipeline::audit::{Head, Lines, Place, Trail, Verdict, Verifier};
use serde::Deserialize;
use serde_json::json;

use crate::emitted::Emitted;
use crate::failure::Failure;
use crate::interrupt;
use crate::output::print;

/// Check that no audit record was changed, removed or moved
#[derive(Debug, Args)]
#[command(
    long_about = "Checks every chain of audit records: that each record is the one that the next one names by its digest, that none is missing, and that each lies in its place. The last record of each chain is held against what the store keeps of it apart from the records, and against anchors: what this command printed with --json before, kept where who may write to the store may not.\n\nOf a file, one record a line, only what is in it can be checked.",
    after_help = "Examples:\n  kiln audit verify --dir kiln-data\n  kiln audit verify --config kiln.yaml --json > anchor.json\n  kiln audit verify --config kiln.yaml --anchor anchor.json\n  kiln audit verify exported.ndjson\n\nExit codes: 0 whole; 1 something is wrong with a chain; 3 stopped before the end."
)]
pub(super) struct Verify {
    /// A file of records, one a line, in place of a store
    #[arg(value_name = "FILE", conflicts_with_all = ["config", "dir"])]
    file: Option<PathBuf>,
    /// What an earlier check printed with --json: its records must still be there
    #[arg(long, value_name = "FILE")]
    anchor: Option<PathBuf>,
    #[command(flatten)]
    emitted: Emitted,
    /// Print one JSON object, for programs and as an anchor
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Anchor {
    chains: Vec<Head>,
}

impl Verify {
    pub(super) fn run(self) -> Result<(), Failure> {
        let anchored = match &self.anchor {
            Some(file) => anchor(file)?,
            None => Vec::new(),
        };
        let (verdict, stopped) = match &self.file {
            Some(file) => of_file(file, anchored),
            None => interrupt::runtime()?.block_on(self.of_store(anchored))?,
        };
        print(if self.json {
            json(&verdict, stopped.is_none())
        } else {
            text(&verdict)
        })?;
        match stopped {
            Some(error) => Err(Failure::Stopped(format!(
                "{error}; what lies behind it was not checked"
            ))),
            None if verdict.faults.is_empty() => Ok(()),
            None => Err(Failure::SomeFailed),
        }
    }

    /// The verdict, and what kept it from the rest.
    async fn of_store(&self, anchored: Vec<Head>) -> Result<(Verdict, Option<String>), Failure> {
        let stop = interrupt::token()?;
        let config = self.emitted.config()?;
        let mut trail = Trail::open(&config).await.map_err(Failure::stopped)?;
        let expected = trail.heads().iter().cloned().chain(anchored);
        let mut verifier = Verifier::new(trail.is_complete(), expected);
        let stopped = loop {
            let record = tokio::select! {
                () = stop.cancelled() => break Some("interrupted".to_owned()),
                record = trail.next() => record,
            };
            match record {
                Ok(Some((place, record))) => verifier.see(place, &record),
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        Ok((verifier.verdict(), stopped))
    }
}

fn of_file(file: &Path, anchored: Vec<Head>) -> (Verdict, Option<String>) {
    let mut verifier = Verifier::new(false, anchored);
    let mut read = || -> Result<(), String> {
        let mut lines = Lines::open(file).map_err(|error| error.to_string())?;
        while let Some((number, line)) = lines.next_line().map_err(|error| error.to_string())? {
            verifier.see(Place::line("line", number), &line);
        }
        Ok(())
    };
    let stopped = read().err();
    (verifier.verdict(), stopped)
}

fn anchor(file: &Path) -> Result<Vec<Head>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::wrong(format!(
            "{}: {error}; an anchor is what `kiln audit verify --json` printed",
            file.display()
        ))
    };
    let text = std::fs::read(file).map_err(|error| wrong(&error))?;
    let anchor: Anchor = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
    Ok(anchor.chains)
}

fn text(verdict: &Verdict) -> String {
    let mut text = String::new();
    for chain in &verdict.chains {
        let head = &chain.head;
        let _ = writeln!(
            text,
            "{}: records {} to {}, the last {}",
            head.chain, chain.first, head.number, head.digest
        );
    }
    for fault in &verdict.faults {
        let _ = writeln!(text, "wrong: {fault}");
    }
    if verdict.more > 0 {
        let _ = writeln!(text, "wrong: {} more", verdict.more);
    }
    let chains = verdict.chains.len();
    let _ = if verdict.faults.is_empty() {
        writeln!(
            text,
            "{} records in {chains} chains, whole",
            verdict.records
        )
    } else {
        writeln!(
            text,
            "{} records in {chains} chains, not whole",
            verdict.records
        )
    };
    text
}

fn json(verdict: &Verdict, to_the_end: bool) -> String {
    let object = json!({
        "whole": to_the_end && verdict.faults.is_empty(),
        "records": verdict.records,
        "chains": verdict.chains,
        "faults": verdict.faults,
        "more": verdict.more,
    });
    format!("{object}\n")
}
