//! Fear: a killed instance keeps its senders waiting. From SIGKILL to the first new acknowledgement on a sender that connects
//! again, kill after kill: to another instance, and to the same one as a new process.
//!
//! `cargo xtask recovery` measures it with the optimized binary and holds it to the aims; without arguments a few kills show that
//! a sender is answered at all.

mod waits;

use std::env;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use kiln_tests::{Broker, Host, Kiln};

use crate::waits::Waits;

/// Without arguments.
const KILLS: usize = 2;
const BROKERS: usize = 3;
/// What p99 should be under where a second instance is up, and where the process itself comes again.
const ANOTHER: Duration = Duration::from_secs(2);
const ITSELF: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let asked = arguments.next().map(|kills| {
        kills
            .parse()
            .ok()
            .filter(|kills| *kills > 0)
            .expect("[KILLS [--json]], KILLS at least 1")
    });
    let json = arguments.next().is_some_and(|word| word == "--json");
    if !json {
        println!("{}", Waits::HEAD);
    }
    let mut as_aimed = true;
    let mut told = |waits: &Waits| {
        println!("{}", waits.shown(json));
        as_aimed &= waits.is_as_aimed();
    };
    let directory = tempfile::tempdir().expect("a directory");
    let kills = asked.unwrap_or(KILLS);
    over_kafka(directory.path(), kills, &mut told);
    over_the_embedded_store(directory.path(), kills, &mut told);
    if asked.is_none() || as_aimed {
        ExitCode::SUCCESS
    } else {
        eprintln!("a sender waits longer than is aimed at");
        ExitCode::FAILURE
    }
}

fn over_kafka(directory: &Path, kills: usize, told: &mut impl FnMut(&Waits)) {
    let hosts = vec![Host::loopback(); BROKERS];
    let brokers = Broker::cluster(&hosts, &directory.join("brokers"), &Broker::jars());
    let addresses: Vec<String> = brokers.iter().map(Broker::address).collect();
    let store = format!(
        "store: {{ kafka: {{ brokers: [\"{}\"], topics: {{ create: true, replication: {BROKERS} }} }} }}",
        addresses.join("\", \"")
    );
    let mut instances = vec![
        serve(directory, "one", &store),
        serve(directory, "two", &store),
    ];
    let what = "Kafka, a second instance is up";
    told(&Waits::over(what, ANOTHER, &mut instances, kills));
    instances.truncate(1);
    let what = "Kafka, the process itself restarts";
    told(&Waits::over(what, ITSELF, &mut instances, kills));
}

fn over_the_embedded_store(directory: &Path, kills: usize, told: &mut impl FnMut(&Waits)) {
    let data = directory.join("data");
    let store = format!("store: {{ embedded: {{ directory: {} }} }}", data.display());
    let mut instances = [serve(directory, "alone", &store)];
    let what = "embedded, the process itself restarts";
    told(&Waits::over(what, ITSELF, &mut instances, kills));
}

fn serve(directory: &Path, name: &str, store: &str) -> Kiln {
    let directory = directory.join(name);
    fs::create_dir_all(&directory).expect("a directory");
    let config = format!("name: recovery\ninstance: {name}\n{store}");
    Kiln::serve(&directory, &config)
}
