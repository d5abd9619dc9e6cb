//! `--record`: one JSON line for each message, as soon as its end is known.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::outcome::{End, Outcome};
use crate::failure::Failure;

/// The file of `--record`.
#[derive(Debug)]
pub(crate) struct Recorder {
    path: PathBuf,
    file: BufWriter<File>,
}

#[derive(Serialize)]
struct Line<'a> {
    control_id: &'a str,
    message_type: &'a str,
    place: usize,
    connection: usize,
    attempts: u32,
    code: Option<&'a str>,
    latency_us: Option<u64>,
    reason: Option<&'a str>,
}

impl Recorder {
    pub(crate) fn create(path: &Path) -> Result<Recorder, Failure> {
        let file = File::create(path).map_err(|error| {
            Failure::wrong(format!(
                "cannot write {}: {error}; name another --record",
                path.display()
            ))
        })?;
        Ok(Recorder {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    /// Written through at once: whoever kills this process may rely on what was recorded.
    pub(crate) fn write(&mut self, outcome: &Outcome) -> Result<(), Failure> {
        let (code, latency_us, reason) = match &outcome.end {
            End::Answered { answer, latency } => (
                Some(answer.code.as_str()),
                Some(u64::try_from(latency.as_micros()).unwrap_or(u64::MAX)),
                answer.reason.as_deref(),
            ),
            End::Unanswered { error } => (None, None, Some(error.as_str())),
        };
        let line = Line {
            control_id: &outcome.control_id,
            message_type: &outcome.message_type,
            place: outcome.place,
            connection: outcome.connection,
            attempts: outcome.attempts,
            code,
            latency_us,
            reason,
        };
        serde_json::to_writer(&mut self.file, &line)
            .map_err(std::io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"))
            .and_then(|()| self.file.flush())
            .map_err(|error| {
                Failure::stopped(format!("cannot write {}: {error}", self.path.display()))
            })
    }
}
