use clap::ValueEnum;

use crate::{
    need::{KAFKA, faketime, isolated, jars, kcat, run},
    stage::cargo_command,
};

/// What messages and outputs are kept in.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Home {
    /// The embedded store, one instance
    Embedded,
    /// Three Kafka brokers, two instances
    Kafka,
}

/// Runs rounds of faults, and the proofs that the checker can fail; each round prints its seed.
pub(crate) fn chaos(rounds: u64, seed: u64, home: Option<Home>) -> Result<(), String> {
    kcat()?;
    let kafka = jars(KAFKA)?;
    let faketime = faketime()?;
    run(cargo_command().args(["build", "--package", "kiln"]))?;
    let suite = ["test", "--package", "kiln-tests", "--test", "chaos"];
    run(cargo_command().args(suite).arg("--no-run"))?;
    let mut command = isolated(&cargo_command())?;
    command
        .args(suite)
        .args(["--", "--nocapture", "--test-threads", "1"]);
    match home {
        None => {}
        Some(Home::Embedded) => drop(command.arg("on_the_embedded_store")),
        Some(Home::Kafka) => drop(command.arg("on_kafka")),
    }
    run(command
        .env("KILN_KAFKA_LIB", kafka)
        .env("KILN_FAKETIME", faketime)
        .env("KILN_CHAOS_ROUNDS", rounds.to_string())
        .env("KILN_CHAOS_SEED", seed.to_string()))
}
