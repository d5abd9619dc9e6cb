//! The suites on real nodes: what they need is built, and they run as the first process of a namespace with which all that they
//! start ends.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::{
    go::Programs,
    image::{self, Profile},
    kubernetes,
    need::{KAFKA, jars, kcat, machine, root, run},
    stage::cargo_command,
};

/// What runs the containers of a node, beside runc.
const CONTAINERD: Programs = Programs {
    module: "tests/operator/containerd",
    tags: "no_btrfs,no_zfs,no_devmapper",
    flags: "",
    packages: &[
        (
            "containerd",
            "github.com/containerd/containerd/v2/cmd/containerd",
        ),
        (
            "containerd-shim-runc-v2",
            "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
        ),
        ("ctr", "github.com/containerd/containerd/v2/cmd/ctr"),
    ],
};

/// What gives pods their networks.
const CNI: Programs = Programs {
    module: "tests/operator/cni",
    tags: "",
    flags: "",
    packages: &[
        (
            "bridge",
            "github.com/containernetworking/plugins/plugins/main/bridge",
        ),
        (
            "loopback",
            "github.com/containernetworking/plugins/plugins/main/loopback",
        ),
        (
            "host-local",
            "github.com/containernetworking/plugins/plugins/ipam/host-local",
        ),
    ],
};

/// Runs the suites whose names hold `filter`.
pub(crate) fn suites(filter: &str) -> Result<(), String> {
    on_nodes(Profile::Dev, &[filter], &[])
}

/// Measures failover with so many faults of each kind.
pub(crate) fn failover(rounds: u32) -> Result<(), String> {
    let rounds = rounds.to_string();
    on_nodes(
        Profile::Release,
        &["failover_times", "--", "--ignored"],
        &[("KILN_TEST_ROUNDS", &rounds)],
    )
}

/// Builds the suites and what they need, and runs them with those arguments. `KILN_TEST_DIRECTORY` names a directory in which
/// everything is left to be looked at.
fn on_nodes(profile: Profile, asked: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    kcat()?;
    let kafka = jars(KAFKA)?;
    let (control, containerd, cni, chart) = (
        kubernetes::PROGRAMS.directory()?,
        CONTAINERD.directory()?,
        CNI.directory()?,
        kubernetes::CHART.directory()?,
    );
    let images = root().join("target/images-of-tests");
    image::images(profile, &images)?;
    // The suites convert by themselves what must come out.
    run(cargo_command().args(["build", "--package", "kiln"]))?;
    pause(&images)?;
    let arguments = [
        "test",
        "--package",
        "kiln-operator",
        "--features",
        "cluster-tests",
        "--test",
        "nodes",
    ];
    run(cargo_command().args(arguments).arg("--no-run"))?;
    let temporary = tempfile::tempdir().map_err(|error| format!("a directory: {error}"))?;
    let directory = env::var_os("KILN_TEST_DIRECTORY")
        .map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let path = env::join_paths(
        [control, containerd, chart]
            .into_iter()
            .chain(env::split_paths(&env::var_os("PATH").unwrap_or_default())),
    )
    .map_err(|error| error.to_string())?;
    let group = format!("kiln-{}", process::id());
    let mut suites = cargo_command();
    suites.args(arguments).args(asked);
    if !asked.contains(&"--") {
        suites.arg("--");
    }
    suites.args(["--test-threads=1", "--nocapture"]);
    let ended = run(machine(&suites)?
        .env("PATH", path)
        .env("KILN_KAFKA_LIB", kafka)
        .env("KILN_TEST_IMAGES", &images)
        .env("KILN_TEST_CNI", cni)
        .env("KILN_TEST_CGROUP", &group)
        .env("KILN_TEST_DIRECTORY", &directory)
        .envs(variables.iter().copied()));
    remove_groups(&group);
    ended
}

/// The image of the process that holds a pod's namespaces.
fn pause(images: &Path) -> Result<(), String> {
    let program = images.join("pause");
    run(Command::new("cc")
        .args(["-static", "-Os", "-s", "-o"])
        .arg(&program)
        .arg(root().join("tests/operator/kubernetes/pause.c")))?;
    image::of_program("kiln.test/pause:1", &program, images).map(drop)
}

/// What nodes leave of themselves is their cgroups, which outlive the processes in them.
fn remove_groups(prefix: &str) {
    fn remove(directory: &Path, prefix: &str, of_node: bool) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let of_node = of_node || entry.file_name().to_string_lossy().starts_with(prefix);
            remove(&entry.path(), prefix, of_node);
            if of_node {
                // One that is still in use is harmless and empty.
                let _ = fs::remove_dir(entry.path());
            }
        }
    }
    remove(Path::new("/sys/fs/cgroup"), prefix, false);
}
