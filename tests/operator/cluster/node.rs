//! A node: a machine of its own as far as anything on it can tell, of which the power can go and the cable can be pulled.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kiln_tests::Host;

use super::cgroup::Groups;
use super::program::Program;
use super::{IMAGE, NEXT_IMAGE};

/// What all nodes share.
pub(crate) struct Shared {
    /// Of the credentials.
    pub(crate) credentials: PathBuf,
    /// Of the nodes' disks.
    pub(crate) states: PathBuf,
}

/// A node that runs, or did.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) host: Host,
    /// Whether its power is off.
    pub(crate) dark: bool,
    /// Whether its cable is pulled.
    pub(crate) parted: bool,
    groups: Groups,
    program: Program,
}

/// By its place, from 1.
pub(crate) fn name(number: usize) -> String {
    format!("node{number}")
}

/// The network of its pods.
pub(crate) fn pods(number: usize) -> String {
    format!("10.244.{number}.0/24")
}

impl Node {
    /// Starts it. Does not wait until it is ready.
    pub(crate) fn start(shared: &Shared, number: usize, host: &Host) -> Node {
        let name = name(number);
        let state = shared.states.join(&name);
        fs::create_dir_all(&state).expect("a directory");
        let label = env::var("KILN_TEST_CGROUP")
            .expect("KILN_TEST_CGROUP; run `cargo xtask test operator`");
        let groups = Groups::new(&format!("{label}-{name}"));
        let entrances: Vec<String> = groups
            .entrances()
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        // It enters its groups first, so that it sees nothing above them; then nothing of this system but the files.
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/operator/kubernetes/node.sh");
        let enter =
            "for group in $GROUPS_OF_NODE; do echo 0 >\"$group\" || exit; done; exec \"$@\"";
        let mut command = Command::new("sh");
        command
            .args(["-c", enter, "node", "nsenter"])
            .arg(format!("--net=/run/netns/{}", host.namespace()))
            .args(["unshare", "--mount", "--pid", "--cgroup", "--ipc", "--uts"])
            .args(["--fork", "--kill-child=KILL", "sh"])
            .arg(script)
            .env("GROUPS_OF_NODE", entrances.join(" "))
            .env("NODE", &name)
            .env("ADDRESS", host.ip().to_string())
            .env("PODS", pods(number))
            .env("STATE", &state)
            .env("CREDENTIALS", &shared.credentials)
            .env("IMAGES", given("KILN_TEST_IMAGES"))
            .env("CNI", given("KILN_TEST_CNI"))
            .env("KILN_IMAGE", IMAGE)
            .env("NEXT_IMAGE", NEXT_IMAGE);
        let program = Program::start(command, &state, "node");
        Node {
            name,
            host: host.clone(),
            dark: false,
            parted: false,
            groups,
            program,
        }
    }

    /// All of its processes end in the middle of what they do. Pull the cable first: no system says goodbye when its power goes.
    pub(crate) fn kill(&mut self) {
        self.dark = true;
        self.program.kill();
        self.groups.remove();
    }

    /// With the disk that it had.
    pub(crate) fn start_again(&mut self) {
        self.dark = false;
        self.groups.make();
        self.program.start_again();
    }
}

pub(crate) fn given(variable: &str) -> String {
    env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set; run `cargo xtask test operator`"))
}
