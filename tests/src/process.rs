//! A process that can be killed, held, and started again as it was.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

/// A running process. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    command: Command,
    child: Child,
}

impl Process {
    pub(crate) fn start(mut command: Command) -> Process {
        let child = spawn(&mut command);
        Process { command, child }
    }

    /// One that asks nothing, and behind whose earlier words in the file `log` goes what it says, after a restart too.
    pub fn logged(mut command: Command, log: &Path) -> Process {
        let lines = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("a log file");
        command
            .stdin(Stdio::null())
            .stdout(lines.try_clone().expect("a second handle of the log"))
            .stderr(lines);
        Process::start(command)
    }

    /// SIGKILL, and it is gone. It may have left before.
    pub fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("the process to be reaped");
    }

    /// The same command as a new process.
    pub fn start_again(&mut self) {
        self.child = spawn(&mut self.command);
    }

    /// A signal by its name: `-TERM`, `-STOP`, `-CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let status = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status()
            .expect("the command kill");
        assert!(status.success(), "{signal} to {:?}", self.command);
    }

    /// The exit status of one that has left.
    pub fn left(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of the process")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have left already; reaping is all that matters then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command) -> Child {
    command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} must start: {error}"))
}
