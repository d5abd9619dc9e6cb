//! The `kiln` process.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::str::FromStr;
use std::time::Duration;

use crate::process::Process;
use crate::{Host, await_until, http};

/// How long a start may take until `/readyz` says yes.
const READY: Duration = Duration::from_secs(60);

/// A running `kiln serve`. Dropped, it is killed.
#[derive(Debug)]
pub struct Kiln {
    process: Process,
    log: PathBuf,
    mllp: SocketAddr,
    http: SocketAddr,
}

impl Kiln {
    /// The binary under test: `KILN_BIN`, else `kiln` beside the test's own target directory.
    ///
    /// # Panics
    /// When there is none, saying how to get one.
    pub fn binary() -> PathBuf {
        let path = env::var_os("KILN_BIN").map_or_else(
            || {
                let test = env::current_exe().expect("the path of this test");
                // target/<profile>/deps/<test>
                test.ancestors()
                    .nth(2)
                    .expect("a target directory")
                    .join("kiln")
            },
            PathBuf::from,
        );
        assert!(
            path.is_file(),
            "{} is missing; run `cargo xtask test e2e`, or build kiln and set KILN_BIN",
            path.display()
        );
        path
    }

    /// Serves on free loopback ports, with both roles unless `config` says otherwise, and waits until ready.
    ///
    /// `config` is the YAML of everything but `listeners` and `http`; `directory` takes the config and the log.
    pub fn serve(directory: &Path, config: &str) -> Kiln {
        Kiln::serve_on(&Host::loopback(), directory, config)
    }

    /// The same on a host.
    pub fn serve_on(host: &Host, directory: &Path, config: &str) -> Kiln {
        let (mllp, http) = (host.address(2575), host.address(8090));
        let path = directory.join("kiln.yaml");
        let text = format!(
            "{config}\nlisteners:\n  - name: mllp\n    address: {mllp}\nhttp:\n  address: {http}\n"
        );
        fs::write(&path, text).expect("a config file");
        let log = directory.join("kiln.log");
        let mut command = host.command(Kiln::binary());
        command.args(["serve", "--config"]).arg(&path);
        let mut kiln = Kiln {
            process: Process::logged(command, &log),
            log,
            mllp,
            http,
        };
        kiln.await_ready();
        kiln
    }

    /// Where senders connect; the same after a restart.
    pub fn mllp(&self) -> SocketAddr {
        self.mllp
    }

    /// Where it tells its health and metrics; the same after a restart.
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// SIGKILL, and a new process on the same configuration. Does not wait until it is ready: senders try until it is.
    pub fn kill_and_restart(&mut self) {
        self.kill();
        self.start_again();
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// A new process on the same configuration, as [`Kiln::kill_and_restart`].
    pub fn start_again(&mut self) {
        self.process.start_again();
    }

    /// The exit status, when it has left by itself.
    pub fn left(&mut self) -> Option<ExitStatus> {
        self.process.left()
    }

    /// SIGTERM, and the exit status.
    ///
    /// # Panics
    /// When it has not left within `bound`.
    pub fn terminate(&mut self, bound: Duration) -> ExitStatus {
        self.signal_term();
        self.wait(bound)
    }

    /// The exit status of a process that was told to leave.
    ///
    /// # Panics
    /// When it has not left within `bound`.
    pub fn wait(&mut self, bound: Duration) -> ExitStatus {
        await_until("exit", bound, || self.left())
    }

    /// SIGTERM without waiting.
    pub fn signal_term(&self) {
        self.process.signal("-TERM");
    }

    /// SIGSTOP: it holds its connections and answers nothing.
    pub fn pause(&self) {
        self.process.signal("-STOP");
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.signal("-CONT");
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("a log")
    }

    /// The status code of an HTTP path; none when nobody answers.
    pub fn http_status(&self, path: &str) -> Option<u16> {
        self.http_get(path).map(|(status, _)| status)
    }

    /// The status code and the body of an HTTP path; none when nobody answers.
    pub fn http_get(&self, path: &str) -> Option<(u16, String)> {
        http::get(self.http, path)
    }

    /// The value of a series of `/metrics`, named as there: `name{label="value"}`; none when there is none, or nobody answers.
    pub fn metric<T: FromStr>(&self, series: &str) -> Option<T> {
        let (_, metrics) = self.http_get("/metrics")?;
        let mut lines = metrics.lines();
        let value = lines.find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        value.parse().ok()
    }

    /// Waits until `/readyz` says yes.
    ///
    /// # Panics
    /// When it has left, or takes longer than any start may.
    pub fn await_ready(&mut self) {
        await_until("readyz", READY, || {
            if let Some(status) = self.left() {
                panic!(
                    "kiln left with {status}: {}",
                    fs::read_to_string(&self.log).unwrap_or_default()
                );
            }
            (self.http_status("/readyz") == Some(200)).then_some(())
        });
    }
}
