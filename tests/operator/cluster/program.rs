//! Programs that run beside the tests. Of the cluster's own, none is found by a path: `cargo xtask test operator` puts them on `PATH`.

use std::path::{Path, PathBuf};
use std::process::Command;

use kiln_tests::Process;

/// A running program with a log. Dropped, it is killed.
pub(crate) struct Program {
    process: Process,
    log: PathBuf,
}

impl Program {
    /// Starts it; `<directory>/<name>.log` takes what it says.
    pub(crate) fn start(command: Command, directory: &Path, name: &str) -> Program {
        let log = directory.join(format!("{name}.log"));
        Program {
            process: Process::logged(command, &log),
            log,
        }
    }

    /// SIGKILL, and it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// The same command as a new process.
    pub(crate) fn start_again(&mut self) {
        self.process.start_again();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.process.left().is_some()
    }

    /// The end of its log.
    pub(crate) fn said(&self) -> String {
        const LINES: usize = 15;
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!(
            "-- {}\n{}\n",
            self.log.display(),
            lines[lines.len().saturating_sub(LINES)..].join("\n")
        )
    }
}

/// A command with flags `--name=value`.
pub(crate) fn flags(program: &str, flags: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command.args(
        flags
            .iter()
            .map(|(flag, value)| format!("--{flag}={value}")),
    );
    command
}
