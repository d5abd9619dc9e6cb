//! Where a process runs: what it has for an address, a network and a clock.

use std::env;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A host of a [`crate::Network`], or this machine by its loopback address.
#[derive(Clone, Debug)]
pub struct Host {
    ip: Ipv4Addr,
    /// None: that of this process.
    namespace: Option<String>,
    /// The file that says how far the clock is off.
    clock: Option<PathBuf>,
}

impl Host {
    /// This machine.
    pub fn loopback() -> Host {
        Host {
            ip: Ipv4Addr::LOCALHOST,
            namespace: None,
            clock: None,
        }
    }

    pub(crate) fn within(namespace: &str, ip: Ipv4Addr) -> Host {
        Host {
            ip,
            namespace: Some(namespace.to_owned()),
            clock: None,
        }
    }

    /// The same host with a clock that [`Host::set_clock`] can put wrong for processes that are started on it from now on.
    #[must_use]
    pub fn with_clock(self, directory: &Path) -> Host {
        let host = Host {
            clock: Some(directory.join("clock")),
            ..self
        };
        host.set_clock(0);
        host
    }

    /// Puts the wall clock of its processes so many seconds forward or back; their monotonic clock goes on.
    pub fn set_clock(&self, seconds: i64) {
        let clock = self.clock.as_ref().expect("a host with a clock");
        // Readers must never see half of it.
        let draft = clock.with_extension("draft");
        fs::write(&draft, format!("{seconds:+}s\n")).expect("a clock file");
        fs::rename(&draft, clock).expect("a clock file");
    }

    /// A command that is run there.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = match &self.namespace {
            None => Command::new(program.as_ref()),
            Some(namespace) => {
                // It becomes the program: signals reach that.
                let mut command = Command::new("ip");
                command
                    .args(["netns", "exec", namespace])
                    .arg(program.as_ref());
                command
            }
        };
        if let Some(clock) = &self.clock {
            let library = env::var_os("KILN_FAKETIME").expect(
                "KILN_FAKETIME must name libfaketime.so.1; run `cargo xtask chaos`, which sets it",
            );
            command
                .env("LD_PRELOAD", library)
                .env("FAKETIME_TIMESTAMP_FILE", clock)
                .env("FAKETIME_CACHE_DURATION", "1")
                .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// An address there: on a host of its own `port`, on this machine some port that was free a moment ago. A restart needs
    /// the same one, so the system cannot choose it at bind.
    pub(crate) fn address(&self, port: u16) -> SocketAddr {
        if self.namespace.is_some() {
            return SocketAddr::new(IpAddr::V4(self.ip), port);
        }
        let listener = TcpListener::bind((self.ip, 0)).expect("a free port");
        listener.local_addr().expect("its address")
    }

    /// Its address.
    pub fn ip(&self) -> Ipv4Addr {
        self.ip
    }

    /// Its network namespace.
    ///
    /// # Panics
    /// When it is not of a [`crate::Network`].
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().expect("a host of a network")
    }
}
