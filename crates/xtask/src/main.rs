//! Every chore of development, behind `cargo xtask`.

mod book;
mod chaos;
mod compare;
mod go;
mod guide;
mod image;
mod kubernetes;
mod load;
mod monitoring;
mod need;
mod nodes;
mod recovery;
mod sbom;
mod stage;
mod validate;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

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
    /// Bring what the tests need: system packages (when root), jars from Maven Central, a Python package
    Setup,
    /// Validate FHIR in .json and .ndjson files or directories of them, or NDJSON on standard input (-)
    Validate {
        /// Print every issue, warnings too, as one JSON object a line
        #[arg(long)]
        json: bool,
        /// Draw so many messages of all types, convert and validate them
        #[arg(long, value_name = "N")]
        generated: Option<usize>,
        /// The seed that determines them
        #[arg(long, default_value_t = 1, requires = "generated")]
        seed: u64,
        /// Files, directories or -
        #[arg(required_unless_present = "generated")]
        paths: Vec<OsString>,
    },
    /// Measure Kiln against its peers, in one run; the machine should have nothing else to do
    Compare {
        /// What to measure
        what: compare::What,
        /// Print one JSON object a line: case, subject, peer, ratio, spread and what they come from
        #[arg(long)]
        json: bool,
    },
    /// Renew the digest of the HL7 v2-to-FHIR guide's tables in crates/fhir/guide
    Guide {
        /// The folder `mappings` of a checkout of HL7/v2-to-fhir
        mappings: PathBuf,
    },
    /// Kill, pause and part instances and brokers under load, round after round, and check that nothing is lost, doubled or
    /// out of order
    Chaos {
        /// How many rounds over each store
        #[arg(long, default_value_t = 5)]
        rounds: u64,
        /// The seed of the first round; the next ones count on from it
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Only over this store
        #[arg(long)]
        home: Option<chaos::Home>,
    },
    /// Kill instances with SIGKILL, and print how long a sender waits for the first new acknowledgement; the machine should have
    /// nothing else to do
    Recovery {
        /// How many kills of each kind
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
        kills: u32,
        /// Print one JSON object a line: what, kills, p50, p99, max and the aim for p99, in milliseconds
        #[arg(long)]
        json: bool,
    },
    /// Hold 10,000 connections open, 200 of them at work, while 1,000 slow peers try; the machine should have nothing else to
    /// do
    Load {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Build the documentation as a book into target/book
    Docs,
    /// Test the console of a release build in a browser, and take the pictures in docs/images; the machine should have nothing
    /// else to do, since it says how soon pages are there
    Pictures,
    /// Print the bill of materials of a program, in CycloneDX
    Sbom {
        /// The package that it is built from
        #[arg(default_value = "kiln")]
        package: String,
    },
    /// Run the suites of the operator on real nodes, or only those whose names hold a word; needs root
    Nodes {
        /// For instance `node_drained`
        #[arg(default_value = "")]
        suite: String,
    },
    /// Kill pods, nodes and active instances of a pipeline, and print how long senders wait for acknowledgements; needs root, and the
    /// machine should have nothing else to do
    Failover {
        /// How many faults of each kind
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Write the images of kiln and of the operator as OCI archives, without an engine; each beside its bill of materials
    Image {
        /// Where to
        #[arg(long, default_value = "target/images")]
        out: PathBuf,
        /// How the programs are built
        #[arg(long, value_enum, default_value = "release")]
        profile: image::Profile,
    },
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
    match Arguments::parse().chore {
        Chore::Setup => ended(need::all()),
        Chore::Validate {
            json,
            generated,
            seed,
            paths,
        } => ended(validate(json, generated, seed, paths)),
        Chore::Chaos { rounds, seed, home } => ended(chaos::chaos(rounds, seed, home)),
        Chore::Recovery { kills, json } => ended(recovery::recovery(kills, json)),
        Chore::Load { json } => ended(load::load(json)),
        Chore::Compare { what, json } => ended(compare::compare(what, json)),
        Chore::Guide { mappings } => ended(guide::digest(&mappings)),
        Chore::Docs => ended(docs()),
        Chore::Pictures => ended(stage::pictures()),
        Chore::Sbom { package } => ended(sbom::sbom(&package).map(|bill| println!("{bill:#}"))),
        Chore::Nodes { suite } => ended(nodes::suites(&suite)),
        Chore::Failover { rounds } => ended(nodes::failover(rounds)),
        Chore::Image { out, profile } => ended(images(profile, &out)),
        Chore::Test { stages, list } => test(stages, list),
    }
}

fn validate(
    json: bool,
    generated: Option<usize>,
    seed: u64,
    mut paths: Vec<OsString>,
) -> Result<(), String> {
    if let Some(count) = generated {
        paths.push(validate::generated(seed, count)?.into());
    }
    if json {
        paths.insert(0, "--json".into());
    }
    validate::validate(&paths)
}

fn docs() -> Result<(), String> {
    let page = book::build()?;
    println!("{}", page.display());
    Ok(())
}

fn images(profile: image::Profile, directory: &Path) -> Result<(), String> {
    for image in image::images(profile, directory)? {
        let kibibytes = image.bytes / 1024;
        println!("{}: {kibibytes} KiB compressed", image.archive.display());
        println!("  {}@{}", image.name, image.digest);
    }
    Ok(())
}

fn ended(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn test(stages: Vec<Stage>, list: bool) -> ExitCode {
    if list {
        for stage in Stage::ALL {
            println!("{:12} {}", stage.name(), stage.what());
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
