//! Programs that run beside the tests. Of the cluster's own, none is found by a path: `cargo xtask test operator` puts them on `PATH`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running program with a log. Dropped, it is killed.
pub(crate) struct Program {
    command: Command,
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it; `<directory>/<name>.log` takes what it says.
    pub(crate) fn start(mut command: Command, directory: &Path, name: &str) -> Program {
        let log = directory.join(format!("{name}.log"));
        let file = File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        command
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("a second handle of the log"))
            .stderr(file);
        let child = spawn(&mut command);
        Program {
            command,
            child,
            log,
        }
    }

    /// SIGKILL, and it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("the process to be reaped");
    }

    /// The same command as a new process.
    pub(crate) fn start_again(&mut self) {
        self.child = spawn(&mut self.command);
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        let state = self.child.try_wait().expect("the state of a process");
        state.is_some()
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

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} must start: {error}"))
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
