//! How a command ends when it does not end well.

use std::io;
use std::process::ExitCode;

/// Why a command failed, and the exit code that says so.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Some messages failed; the command has already said which.
    SomeFailed,
    /// The command line, configuration or an input is wrong.
    Wrong(String),
    /// It could not start or gave up while running.
    Stopped(String),
    /// Whoever read the output has closed it: not worth a word.
    ReaderGone,
}

impl Failure {
    pub(crate) fn wrong(text: impl std::fmt::Display) -> Failure {
        Failure::Wrong(text.to_string())
    }

    pub(crate) fn stopped(text: impl std::fmt::Display) -> Failure {
        Failure::Stopped(text.to_string())
    }

    /// A failed write to standard output.
    pub(crate) fn output(error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::ReaderGone
        } else {
            Failure::Stopped(format!(
                "cannot write the output: {error}; check the disk and the terminal"
            ))
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Failure::Wrong(text) | Failure::Stopped(text) => Some(text),
            Failure::SomeFailed | Failure::ReaderGone => None,
        }
    }

    pub(crate) fn code(&self) -> ExitCode {
        match self {
            Failure::ReaderGone => ExitCode::SUCCESS,
            Failure::SomeFailed => ExitCode::from(1),
            Failure::Wrong(_) => ExitCode::from(2),
            Failure::Stopped(_) => ExitCode::from(3),
        }
    }
}
