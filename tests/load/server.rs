//! The `kiln` process, on the embedded store in a directory of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use kiln_tests::Kiln;
use tempfile::TempDir;

/// A running `kiln serve`. Dropped, it is killed.
pub(crate) struct Server {
    child: Child,
    mllp: SocketAddr,
    http: SocketAddr,
    /// Goes once nobody writes to it.
    _directory: TempDir,
}

impl Server {
    /// Serves on free ports; `listener` gives the settings of the listener from its directory, one a line.
    pub(crate) fn start(listener: impl Fn(&TempDir) -> Vec<String>) -> Server {
        let directory = tempfile::tempdir().expect("a directory");
        let settings = listener(&directory).join("\n    ");
        let config = directory.path().join("kiln.yaml");
        let text = format!(
            "store:\n  embedded:\n    directory: {}\nlisteners:\n  - name: mllp\n    address: 127.0.0.1:0\n    {settings}\nhttp:\n  address: 127.0.0.1:0\n",
            directory.path().join("data").display()
        );
        std::fs::write(&config, text).expect("a config file");
        let mut child = Command::new(Kiln::binary())
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kiln serve must start");
        let log = child.stderr.take().expect("its log");
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let mut told = |what: &str| -> SocketAddr {
            let address = lines.by_ref().find_map(|line| {
                let rest = line.strip_prefix(what)?.to_owned();
                rest.split(' ').next()?.parse().ok()
            });
            address.expect("kiln says where it listens")
        };
        let mllp = told("kiln: listening on ");
        let http = told("kiln: health and metrics on http://");
        // Keeps the pipe from filling up.
        thread::spawn(move || lines.for_each(drop));
        Server {
            child,
            mllp,
            http,
            _directory: directory,
        }
    }

    pub(crate) fn mllp(&self) -> SocketAddr {
        self.mllp
    }

    /// A file of `/proc` about the process.
    pub(crate) fn proc(&self, file: &str) -> String {
        let path = format!("/proc/{}/{file}", self.child.id());
        std::fs::read_to_string(path).expect("a running process")
    }

    /// What `/metrics` says.
    pub(crate) fn metrics(&self) -> String {
        let mut stream = TcpStream::connect(self.http).expect("a connection");
        let request = "GET /metrics HTTP/1.1\r\nhost: kiln\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
