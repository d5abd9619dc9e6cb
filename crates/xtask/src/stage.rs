use std::{env, fs, process::Command};

use clap::ValueEnum;
use kiln_tests::Broker;

use crate::{
    kubernetes::{self, Kubernetes},
    monitoring,
    need::{
        BROWSER, KAFKA, LINUXFORHEALTH, PARSER, SENDER, class_path, faketime, isolated, jars, kcat,
        mllp_send, node_modules, root, run,
    },
    validate,
};

/// One stage of `cargo xtask test`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Stage {
    Fmt,
    Clippy,
    Msrv,
    Unit,
    Doc,
    Monitoring,
    Bench,
    Validate,
    Differential,
    Kafka,
    E2e,
    Console,
    Operator,
}

impl Stage {
    /// In the order in which they run.
    pub(crate) const ALL: &[Self] = &[
        Self::Fmt,
        Self::Clippy,
        Self::Msrv,
        Self::Unit,
        Self::Doc,
        Self::Monitoring,
        Self::Bench,
        Self::Validate,
        Self::Differential,
        Self::Kafka,
        Self::E2e,
        Self::Console,
        Self::Operator,
    ];

    /// The word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Msrv => "msrv",
            Self::Unit => "unit",
            Self::Doc => "doc",
            Self::Monitoring => "monitoring",
            Self::Bench => "bench",
            Self::Validate => "validate",
            Self::Differential => "differential",
            Self::Kafka => "kafka",
            Self::E2e => "e2e",
            Self::Console => "console",
            Self::Operator => "operator",
        }
    }

    /// What it shows.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Fmt => "the formatting is rustfmt's",
            Self::Clippy => "no lint has anything to say",
            Self::Msrv => {
                "the HL7v2 crate builds with the `rust-version` that it states, here and for 64-bit ARM"
            }
            Self::Unit => "unit, behaviour, property, snapshot and documentation tests pass",
            Self::Doc => "the documentation builds without a warning",
            Self::Monitoring => {
                "alerts fire for what they are about and nothing else, and Prometheus can read what the dashboard asks"
            }
            Self::Bench => "each benchmark runs once; the figures come from `cargo bench`",
            Self::Validate => {
                "the FHIR of fixtures, drawn messages and corpus (KILN_CORPUS) has no error for the HAPI validator"
            }
            Self::Differential => {
                "messages read as hl7-parser, rust-hl7 and HAPI HL7v2 read them, but for what DISAGREEMENTS.md tells"
            }
            Self::Kafka => "the stores' promises hold on a real Kafka broker",
            Self::Operator => {
                "the operator and its chart do what they say on a real Kubernetes API server, with the rights that they have"
            }
            Self::Console => {
                "the console does what it says in a browser, with a script and without, for everybody who reads it"
            }
            Self::E2e => "the built binary keeps its promises to senders, readers and newcomers",
        }
    }

    /// Runs it; an error says which command failed.
    pub(crate) fn run(self) -> Result<(), String> {
        match self {
            Self::Fmt => cargo(&["fmt", "--all", "--check"], None),
            Self::Clippy => clippy(),
            Self::Msrv => msrv(),
            Self::Unit => cargo(&["test", "--workspace"], None),
            Self::Doc => cargo(
                &["doc", "--workspace", "--no-deps"],
                Some(("RUSTDOCFLAGS", "-D warnings")),
            ),
            Self::Monitoring => monitoring::stage(),
            Self::Bench => benches(),
            Self::Validate => validate::stage(),
            Self::Differential => differential(),
            Self::Kafka => kafka(),
            Self::E2e => end_to_end(),
            Self::Console => console(),
            Self::Operator => operator(),
        }
    }
}

/// The workspace, and the one crate that has features without them. It holds what is used of the standard library to
/// `rust-version` too (`clippy::incompatible_msrv`).
fn clippy() -> Result<(), String> {
    let workspace = ["clippy", "--workspace", "--all-targets"];
    let without_features = [
        "clippy",
        "--package",
        "kiln-hl7",
        "--no-default-features",
        "--lib",
    ];
    // `--all-targets` leaves out the suites that only run when they are named.
    let end_to_end = ["clippy", "--package", "kiln-tests", "--test", "*"];
    for arguments in [&workspace[..], &without_features, &end_to_end] {
        run(cargo_command()
            .args(arguments)
            .args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// The crate has a kernel of its own for this one.
const ARM: &str = "aarch64-unknown-linux-gnu";

/// Checks the crate that others may take alone with the oldest compiler that it promises: all features and none, here
/// and for 64-bit ARM.
fn msrv() -> Result<(), String> {
    let version = rust_version()?;
    let install = ["toolchain", "install", &version, "--profile", "minimal"];
    run(Command::new("rustup").args(install).args(["--target", ARM]))
        .map_err(|error| format!("{error}; install rustup and let it reach its server"))?;
    let checks: [&[&str]; 3] = [
        &["--all-features"],
        &["--no-default-features"],
        &["--all-features", "--target", ARM],
    ];
    for arguments in checks {
        run(Command::new("rustup")
            .current_dir(root())
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .args(["run", &version, "cargo", "check", "--package", "kiln-hl7"])
            .args(["--target-dir", "target/msrv"])
            .args(arguments))?;
    }
    Ok(())
}

/// `rust-version` of the workspace.
fn rust_version() -> Result<String, String> {
    let manifest = root().join("Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| format!("{}: {error}", manifest.display()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("rust-version = "))
        .map(|version| version.trim_matches('"').to_owned())
        .ok_or_else(|| format!("{}: no rust-version", manifest.display()))
}

/// All but `compare_e2e`, which needs a broker and a minute for each of its peers.
const BENCHES: [&str; 5] = [
    "allocations",
    "compare_convert",
    "compare_parse",
    "convert",
    "parse",
];

/// Each benchmark once, with its peers.
fn benches() -> Result<(), String> {
    let peer = class_path(LINUXFORHEALTH, "Convert")?;
    let names = BENCHES.iter().flat_map(|name| ["--bench", name]);
    run(cargo_command()
        .args(["test", "--package", "kiln-benches"])
        .args(names)
        .env("KILN_LINUXFORHEALTH", peer))
}

fn differential() -> Result<(), String> {
    let parser = class_path(PARSER, "Parse")?;
    run(cargo_command()
        .args(["test", "--package", "kiln-hl7", "--test", "differential"])
        .args(["--", "--include-ignored"])
        .env("KILN_HAPI_PARSER", parser))
}

fn kafka() -> Result<(), String> {
    let jars = jars(KAFKA)?;
    kcat()?;
    let arguments = [
        "test",
        "--package",
        "kiln-pipeline",
        "--package",
        "kiln",
        "--features",
        "kiln-pipeline/kafka-tests,kiln/kafka-tests",
        "--test",
        "kafka",
        "--test",
        "phi",
        "--test",
        "shadow",
    ];
    // What compiles while no broker waits for it.
    run(cargo_command().args(arguments).arg("--no-run"))?;
    let directory = tempfile::tempdir().map_err(|error| format!("a directory: {error}"))?;
    let broker = Broker::start(directory.path(), &jars);
    run(cargo_command()
        .args(arguments)
        .env("KILN_TEST_KAFKA", broker.address()))
}

fn operator() -> Result<(), String> {
    let suites = ["cluster", "chart", "many"];
    let tests = |suites: &[&str]| {
        let mut command = cargo_command();
        command.args(["test", "--package", "kiln-operator"]);
        command.args(["--features", "cluster-tests"]);
        command.args(suites.iter().flat_map(|suite| ["--test", suite]));
        command
    };
    kubernetes::PROGRAMS.directory()?;
    let chart = kubernetes::CHART.directory()?;
    run(tests(&suites).arg("--no-run"))?;
    let directory = tempfile::tempdir().map_err(|error| format!("a directory: {error}"))?;
    let kubernetes = Kubernetes::start(directory.path())?;
    for suite in suites {
        let mut command = tests(&[suite]);
        command
            .env("KILN_TEST_KUBECONFIG", kubernetes.kubeconfig())
            .env("KILN_TEST_HELM", chart.join("helm"))
            .env("KILN_TEST_KUBECONFORM", chart.join("kubeconform"));
        if suite == "many" {
            // Its figures are to be seen.
            command.args(["--", "--nocapture"]);
        }
        run(&mut command).map_err(|error| format!("{error}\n{}", kubernetes.logs()))?;
    }
    Ok(())
}

fn end_to_end() -> Result<(), String> {
    kcat()?;
    let kafka = jars(KAFKA)?;
    let sender = class_path(SENDER, "Send")?;
    let python = mllp_send()?;
    let faketime = faketime()?;
    let prometheus = monitoring::prometheus()?;
    cargo(&["build", "--package", "kiln"], None)?;
    let suites = ["test", "--package", "kiln-tests", "--test", "*"];
    run(cargo_command().args(suites).arg("--no-run"))?;
    run(isolated(&cargo_command())?
        .args(suites)
        .env("KILN_KAFKA_LIB", kafka)
        .env("KILN_FAKETIME", faketime)
        .env("KILN_HAPI_SENDER", sender)
        .env("KILN_PROMETHEUS", prometheus)
        .env("KILN_MLLP_SEND", python))
}

/// Chromium, driven by Playwright, before the built binary.
fn console() -> Result<(), String> {
    cargo(&["build", "--package", "kiln"], None)?;
    run(&mut in_browser("debug")?)
}

/// The same on a release build, which takes the pictures of the documentation as well.
pub(crate) fn pictures() -> Result<(), String> {
    cargo(&["build", "--release", "--package", "kiln"], None)?;
    run(in_browser("release")?.env("KILN_PICTURES", root().join("docs/images")))
}

fn in_browser(profile: &str) -> Result<Command, String> {
    let modules = node_modules(BROWSER)?;
    let mut command = Command::new("node");
    command
        .arg("--test")
        .arg(root().join(BROWSER).join("console.test.cjs"))
        .env("NODE_PATH", modules)
        .env("KILN", root().join("target").join(profile).join("kiln"));
    Ok(command)
}

fn cargo(arguments: &[&str], variable: Option<(&str, &str)>) -> Result<(), String> {
    run(cargo_command().args(arguments).envs(variable))
}

pub(crate) fn cargo_command() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo told this program of its own package would have crates built anew that ask for it.
    for (name, _) in env::vars_os() {
        let of_package = name.to_str().is_some_and(|name| {
            name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
        });
        if of_package {
            command.env_remove(name);
        }
    }
    command.current_dir(root());
    command
}
