use std::{env, process::Command};

use clap::ValueEnum;

/// One stage of `cargo xtask test`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Stage {
    Fmt,
    Clippy,
    Unit,
    Doc,
}

impl Stage {
    /// In the order in which they run.
    pub(crate) const ALL: &[Self] = &[Self::Fmt, Self::Clippy, Self::Unit, Self::Doc];

    /// The word on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Unit => "unit",
            Self::Doc => "doc",
        }
    }

    /// What it shows.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Fmt => "the formatting is rustfmt's",
            Self::Clippy => "no lint has anything to say",
            Self::Unit => "unit, behaviour, property, snapshot and documentation tests pass",
            Self::Doc => "the documentation builds without a warning",
        }
    }

    /// Runs it; an error says which command failed.
    pub(crate) fn run(self) -> Result<(), String> {
        match self {
            Self::Fmt => cargo(&["fmt", "--all", "--check"], None),
            Self::Clippy => cargo(
                &[
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--",
                    "-D",
                    "warnings",
                ],
                None,
            ),
            Self::Unit => cargo(&["test", "--workspace"], None),
            Self::Doc => cargo(
                &["doc", "--workspace", "--no-deps"],
                Some(("RUSTDOCFLAGS", "-D warnings")),
            ),
        }
    }
}

fn cargo(arguments: &[&str], variable: Option<(&str, &str)>) -> Result<(), String> {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).envs(variable);
    let shown = format!("cargo {}", arguments.join(" "));
    let status = command
        .status()
        .map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` ended with {status}"))
    }
}
