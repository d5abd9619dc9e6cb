//! Every chore of development, behind `cargo xtask`.

mod stage;

use std::{process::ExitCode, time::Instant};

use clap::{Parser, Subcommand};

use crate::stage::Stage;

/// Kiln's chores.
#[derive(Parser)]
#[command(name = "cargo xtask", arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Run the tests, stage after stage, cheap ones first; stops at the first failure
    Test {
        /// The stages to run; all when none is named
        stages: Vec<Stage>,
        /// Only list the stages
        #[arg(long)]
        list: bool,
    },
}

fn main() -> ExitCode {
    let Chore::Test { stages, list } = Arguments::parse().chore;
    if list {
        for stage in Stage::ALL {
            println!("{:8} {}", stage.name(), stage.what());
        }
        return ExitCode::SUCCESS;
    }
    let stages = if stages.is_empty() {
        Stage::ALL.to_vec()
    } else {
        stages
    };
    for stage in stages {
        println!("== {}: {}", stage.name(), stage.what());
        let started = Instant::now();
        if let Err(failure) = stage.run() {
            eprintln!(
                "== {} failed: {failure}; run it alone with `cargo xtask test {}`",
                stage.name(),
                stage.name()
            );
            return ExitCode::FAILURE;
        }
        println!(
            "== {} passed in {:.1} s",
            stage.name(),
            started.elapsed().as_secs_f64()
        );
    }
    ExitCode::SUCCESS
}
